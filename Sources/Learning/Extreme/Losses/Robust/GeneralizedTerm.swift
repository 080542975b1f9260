public import Torch

/// The generalised cross-entropy of a positive, between −log q and 1 − q.
///
/// A positive that the model finds unlikely, as a wrong one usually is, pulls less. With q the
/// probability of the positive in a `RobustLoss`:
///
///     f(q) = (1 − qᵗ) / t
///
/// - Paper: Zhang, Sabuncu. Generalized Cross Entropy Loss for Training Deep Neural Networks with
///   Noisy Labels. NeurIPS 2018, equation 6. <https://arxiv.org/abs/1805.07836>
/// - Gradient: that of −log q times qᵗ.
/// - Units: 0 for q = 1, at most 1 / t. As t falls to 0 it becomes −log q in nats; t = 1 is 1 − q.
/// - Departures: the paper has one class per example and all classes in its softmax. Here q is the
///   probability of each positive in the loss over labels. The truncated form is left out.
public struct GeneralizedTerm: PositiveTerm {
  /// The exponent t > 0; 0.7 in the paper, whose q it is.
  public var exponent: Double

  /// Creates the term.
  public init(exponent: Double = 0.7) { self.exponent = exponent }

  /// The terms and their factors.
  public func callAsFunction(logProbabilities: Tensor, targets: Tensor?) -> (
    value: Tensor, factor: Tensor
  ) {
    precondition(exponent > 0 && exponent.isFinite, "the exponent \(exponent) is not positive")
    let scaled = logProbabilities * exponent
    return (scaled.expMinusOne() * (-1 / exponent), scaled.exp())
  }
}
