public import Torch

/// A loss of class scores that is a mean over examples.
public protocol ClassLoss: Sendable {
  /// The loss of each example, `[N]`.
  ///
  /// - Parameters:
  ///   - scores: the class scores (logits), `[N, C]`.
  ///   - classes: the class of each example, 0 ..< C.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per row of the scores, N > 0.
  func perExample(scores: Tensor, classes: [Int]) throws -> Tensor
}

extension ClassLoss {
  /// The mean of `perExample` over the examples, a scalar.
  public func callAsFunction(scores: Tensor, classes: [Int]) throws -> Tensor {
    try checked { try perExample(scores: scores, classes: classes).mean() }
  }
}
