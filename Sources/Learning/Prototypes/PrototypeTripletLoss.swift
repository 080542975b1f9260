public import Torch

/// The hinge loss of a query against its class's prototype and the closest other prototype.
///
/// The triplet loss for few-shot episodes: prototypes, the means of the support examples of a class,
/// stand in for positives and negatives. With pᵧ the prototype of the query's class:
///
///     d(q, p) = √(‖q − p‖² + ε)
///     L       = (1 / Q) Σ_q max(0, d(q, pᵧ) − min_{c ≠ y} d(q, p_c) + m)
///
/// - Paper: Mendez-Ruiz, Gonzalez-Zapata, Reyes-Amezcua, Flores-Araiza, Lopez-Tiro, Mendez-Vazquez,
///   Ochoa-Ruiz. SuSana Distancia is all you need. 2023. <https://arxiv.org/abs/2305.09062>
/// - Gradient: reaches queries and prototypes, and through `prototypes` the support examples.
/// - Units: a distance, the mean over queries. Where all prototypes are equal it is m.
/// - Departures: none from the authors' code, from which the formula is taken since the paper's full
///   text could not be had.
/// - Degenerate: with a single class, or without queries, it is 0.
public struct PrototypeTripletLoss: Codable, Hashable, Sendable {
  /// How much farther the other prototype has to be, m ≥ 0; the authors' code has 0.5.
  public var margin: Double
  /// What is added to squared distances (ε); the authors' code has 1e-6.
  public var epsilon: Double

  /// Makes the loss.
  public init(margin: Double = 0.5, epsilon: Double = 1e-6) {
    self.margin = margin
    self.epsilon = epsilon
  }

  /// The means of the support examples of each class.
  ///
  /// - Parameters:
  ///   - support: `[N, D]`.
  ///   - classes: one an example, in 0 ..< `classCount`, each class at least once.
  ///   - classCount: C.
  /// - Returns: `[C, D]`.
  /// - Precondition: as said.
  public func prototypes(of support: Tensor, classes: [Int], classCount: Int) -> Tensor {
    var counts = [Double](repeating: 0, count: classCount)
    for place in classes { counts[place] += 1 }
    precondition(counts.allSatisfy { $0 > 0 }, "a class has no support example: \(counts)")
    let known = Tensor.classes(classes, of: support)
    let sums = Tensor.zeros(
      [classCount, support.size(along: 1)], dtype: support.dtype, device: support.device
    ).addingRows(support, at: known)
    return sums
      / Tensor(counts, shape: [classCount, 1]).converted(to: support.dtype)
      .moved(to: support.device)
  }

  /// The loss of queries.
  ///
  /// - Parameters:
  ///   - queries: `[Q, D]`, as they are.
  ///   - prototypes: `[C, D]`.
  ///   - classes: one a query, in 0 ..< C.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: one class a query, all in 0 ..< C; equal widths.
  /// - Complexity: O(Q · C · D) time, O(Q · C) memory.
  public func callAsFunction(queries: Tensor, prototypes: Tensor, classes: [Int]) throws -> Tensor {
    let known = Tensor.classes(classes, of: queries, below: prototypes)
    let count = prototypes.size(along: 0)
    if classes.isEmpty || count < 2 { return (queries.sum() + prototypes.sum()) * 0 }
    return try checked {
      let distances = (queries.distances(to: prototypes).squared() + epsilon).squareRoot()
      let places = known.expandingDimension(at: 1)
      let own = distances.gathered(at: places, along: 1).squeezed(along: 1)
      let others = distances.scattering(.infinity, at: places, along: 1).minimum(along: 1)
      return (own - others + margin).relu().mean()
    }
  }
}
