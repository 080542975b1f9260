public import Torch

/// A robust replacement of the cross-entropy −log q of a positive with the probability q.
///
/// Any f(q) has the gradient of cross-entropy times −q f′(q), so that a term is two numbers per
/// positive, and the labels that are not positive take part as they do in the loss it is put into.
public protocol PositiveTerm: Codable, Hashable, Sendable {
  /// Whether `targets` are needed: a number per positive that follows q from step to step.
  var targetMomentum: Double? { get }

  /// The terms of a batch's positives.
  ///
  /// - Parameters:
  ///   - logProbabilities: log q, `[E]`, float64.
  ///   - targets: t, `[E]`, without a gradient; nil where `targetMomentum` is nil.
  /// - Returns: f(q) and −q f′(q), both `[E]`. The first is differentiable.
  func callAsFunction(logProbabilities: Tensor, targets: Tensor?) -> (value: Tensor, factor: Tensor)
}

extension PositiveTerm {
  /// Nil: there are no targets.
  public var targetMomentum: Double? { nil }
}
