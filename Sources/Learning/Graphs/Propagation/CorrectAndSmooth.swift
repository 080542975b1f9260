public import Torch

/// Corrects a model's class probabilities by the errors that it makes on known nodes, and smooths them.
///
/// With the probabilities Z and the known classes Y on the nodes T, E = Y − Z on T and 0 elsewhere:
///
///     Ê  = spread of E, bounded to −1 … 1
///     Zʳᵢ = Zᵢ + Êᵢ · σ / ‖Êᵢ‖₁      with the mean σ of ‖Eⱼ‖₁ over T
///     G  = Y on T, Zʳ elsewhere;   result: spread of G, bounded to 0 … 1
///
/// With a fixed factor s, Zʳ = Z + s · Ê, and each step keeps Ê at E on T in place of the bounds.
///
/// - Paper: Huang, He, Singh, Lim, Benson. Combining Label Propagation and Simple Models
///   Out-performs Graph Neural Networks. ICLR 2021, section 2. <https://arxiv.org/abs/2010.13993>
/// - Gradient: reaches the probabilities; not a number where Êᵢ is 0. Nothing is learnt.
/// - Units: shares of classes, in 0 … 1.
/// - Departures: none from the two diffusions of section 2.2; a factor σ / ‖Êᵢ‖₁ above 1,000, or
///   none at all where Êᵢ is 0, counts as 1, as in the authors' code.
public struct CorrectAndSmooth: Codable, Hashable, Sendable {
  /// Spreads the errors.
  public var correction: LabelPropagation
  /// Spreads the classes.
  public var smoothing: LabelPropagation
  /// s; nil scales each node's error to the mean error of known nodes.
  public var scale: Double?

  /// Creates the two steps.
  public init(
    correction: LabelPropagation = .init(share: 0.8, steps: 50),
    smoothing: LabelPropagation = .init(share: 0.8, steps: 50), scale: Double? = nil
  ) {
    self.correction = correction
    self.smoothing = smoothing
    self.scale = scale
  }

  /// The corrected and smoothed values, `[V, C]`; they order a node's classes.
  ///
  /// - Parameters:
  ///   - probabilities: Z, `[V, C]`.
  ///   - classes: the class of each node; only those of `known` are read.
  ///   - known: T, the nodes whose class is known.
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(
    _ probabilities: Tensor, classes: [Int], known: [Int], over propagation: SparseMatrix
  ) throws -> Tensor {
    let truth = LabelPropagation.known(
      classes, nodes: known, classCount: probabilities.size(along: 1),
      dtype: probabilities.dtype)
    let isKnown = Tensor.zeros([classes.count, 1], dtype: probabilities.dtype)
    isKnown.addRowsInPlace(
      Tensor.ones([known.count, 1], dtype: probabilities.dtype),
      at: Tensor(known.map(Int64.init)))
    let errors = (truth - probabilities) * isKnown
    let spread = try correction(errors, over: propagation) {
      scale == nil
        ? $0.clamped(from: -1, to: 1) : errors + $0 * (isKnown * -1 + 1)
    }
    let corrected = probabilities + scaled(spread, errors, known.count)
    let guess = truth + corrected * (isKnown * -1 + 1)
    return try smoothing(guess, over: propagation) { $0.clamped(from: 0, to: 1) }
  }

  private func scaled(_ spread: Tensor, _ errors: Tensor, _ count: Int) -> Tensor {
    if let scale { return spread * scale }
    let mean = errors.magnitude().sum() * (1 / Double(max(count, 1)))
    let factors = mean / spread.magnitude().sum(along: 1, keepingDimensions: true)
    let isUsual = factors.isLess(than: 1000)
    return spread * factors.replacing(where: isUsual.logicalNot(), with: 1)
  }
}
