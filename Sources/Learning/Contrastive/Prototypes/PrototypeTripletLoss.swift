import Kernels
public import Torch

/// The hinge loss of a query's distances to its class's prototype and to the closest other
/// prototype.
///
/// A triplet loss for few-shot episodes: prototypes, the means of each class's support examples,
/// replace positives and negatives. With pᵧ the prototype of the query's class:
///
///     d(q, p) = √(‖q − p‖² + ε)
///     L       = (1 / Q) Σ_q max(0, d(q, pᵧ) − min_{c ≠ y} d(q, p_c) + m)
///
/// - Inputs: class labels with prototypes
/// - Paper: Mendez-Ruiz, Gonzalez-Zapata, Reyes-Amezcua, Flores-Araiza, Lopez-Tiro, Mendez-Vazquez,
///   Ochoa-Ruiz. SuSana Distancia is all you need. 2023. <https://arxiv.org/abs/2305.09062>
/// - Gradient: reaches queries and prototypes, and through `prototypes` the support examples.
/// - Units: a distance, averaged over queries. If all prototypes are equal, it is m.
/// - Departures: none from the authors' code, from which the formula is taken because the paper's
///   full text was not available.
/// - Degenerate: with a single class, or without queries, it is 0.
public struct PrototypeTripletLoss: Codable, Hashable, Sendable {
  /// The margin m ≥ 0 between the two distances; default 0.5, from the authors' code.
  public var margin: Double
  /// The term ε added to squared distances; default 1e-6, from the authors' code.
  public var epsilon: Double

  /// Creates the loss.
  public init(margin: Double = 0.5, epsilon: Double = 1e-6) {
    self.margin = margin
    self.epsilon = epsilon
  }

  /// The mean of each class's support examples.
  ///
  /// - Parameters:
  ///   - support: `[N, D]`.
  ///   - classes: one per example, in 0 ..< `classCount`, each class at least once.
  ///   - classCount: C.
  /// - Returns: `[C, D]`.
  /// - Precondition: classes are as described.
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
  ///   - queries: `[Q, D]`, not normalised here.
  ///   - prototypes: `[C, D]`.
  ///   - classes: one per query, in 0 ..< C.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per query, all in 0 ..< C; equal widths.
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
