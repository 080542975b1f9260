public import Torch

/// The symmetric cross-entropy of a positive: −log q and a linear term that wrong labels bend less.
///
/// With q the probability of the positive in a `RobustLoss`, and A in place of log 0:
///
///     f(q) = −α log q − β A (1 − q)
///
/// - Paper: Wang, Ma, Chen, Luo, Yi, Bailey. Symmetric Cross Entropy for Robust Learning with Noisy
///   Labels. ICCV 2019, equations 5 to 7. <https://arxiv.org/abs/1908.06112>
/// - Gradient: that of −log q times α − β A q.
/// - Units: nats times α, and β |A| at most.
/// - Departures: as for `GeneralizedTerm`. The authors' code takes log 10⁻⁴ for A and clamps the
///   probabilities from below; A is the paper's −4 here, and nothing is clamped.
public struct SymmetricTerm: PositiveTerm {
  /// The weight α ≥ 0 of −log q; 0.1 in the paper for ten classes.
  public var forwardWeight: Double
  /// The weight β ≥ 0 of the reverse cross-entropy; 1 in the paper.
  public var reverseWeight: Double
  /// A < 0, in place of log 0; −4 in the paper.
  public var logOfZero: Double

  /// Creates the term.
  public init(forwardWeight: Double = 0.1, reverseWeight: Double = 1, logOfZero: Double = -4) {
    self.forwardWeight = forwardWeight
    self.reverseWeight = reverseWeight
    self.logOfZero = logOfZero
  }

  /// The terms and their factors.
  public func callAsFunction(logProbabilities: Tensor, targets: Tensor?) -> (
    value: Tensor, factor: Tensor
  ) {
    precondition(
      forwardWeight >= 0 && reverseWeight >= 0 && logOfZero < 0,
      "weights \(forwardWeight) and \(reverseWeight), log 0 as \(logOfZero)")
    let reverse = -reverseWeight * logOfZero
    return (
      logProbabilities * -forwardWeight - logProbabilities.expMinusOne() * reverse,
      logProbabilities.exp() * reverse + forwardWeight
    )
  }
}
