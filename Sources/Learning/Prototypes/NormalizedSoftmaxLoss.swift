public import Torch

/// The softmax loss of a classifier on the hypersphere: embeddings and class weights of unit length,
/// no offset.
///
/// The two constraints leave the angle as the only thing to learn, so that examples of a class
/// gather around a direction; classes that were never seen do so as well and can be told apart by
/// their embeddings (`nearest`). With x̂ and ŵ of unit length, y the class of i:
///
///     L = (1 / N) Σᵢ (log Σⱼ exp(x̂ᵢ · ŵⱼ / τ) − x̂ᵢ · ŵᵧ / τ)
///
/// - Paper: Pereira, Joly, Valduriez, Porto. Hyperspherical embedding for novel class
///   classification. 2021; the loss is that of Zhai, Wu. Classification is a Strong Baseline for
///   Deep Metric Learning. BMVC 2019. <https://arxiv.org/abs/2102.03243>
///   <https://arxiv.org/abs/1811.12649>
/// - Gradient: reaches embeddings and weights.
/// - Units: nats, the mean over examples. Where all cosines are equal it is log C.
/// - Departures: the first paper's full text could not be had: constraints and use are its
///   abstract's, the formula that of the loss it names. pytorch-metric-learning scales the weights
///   only by itself and embeddings on demand.
/// - Degenerate: an empty batch has loss 0.
public struct NormalizedSoftmaxLoss: Codable, Hashable, Sendable {
  /// What cosines are divided by, τ > 0; Zhai and Wu have 0.05.
  public var temperature: Double
  /// Examples at a time; nil, ours, is about a million cosines.
  public var blockSize: Int?

  /// Makes the loss.
  public init(temperature: Double = 0.05, blockSize: Int? = nil) {
    self.temperature = temperature
    self.blockSize = blockSize
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`; the loss scales them to unit length.
  ///   - weights: `[C, D]`, learned; the loss scales them to unit length.
  ///   - classes: one an embedding, in 0 ..< C.
  /// - Returns: a number, differentiable once.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: one class an embedding, all in 0 ..< C; equal widths; τ > 0.
  /// - Complexity: O(N · C · D) time; O(N · block + (N + C) · D) memory.
  public func callAsFunction(embeddings: Tensor, weights: Tensor, classes: [Int]) throws -> Tensor {
    precondition(temperature > 0, "the temperature \(temperature) is not positive")
    _ = Tensor.classes(classes, of: embeddings, below: weights)
    if classes.isEmpty { return embeddings.sum() * 0 }
    return try OwnClassSoftmax(scale: 1 / temperature, blockSize: blockSize)(
      rows: embeddings.normalized(), columns: weights.normalized(), classes: classes)
  }

  /// The class of each embedding among classes that need not have been trained: that of the most
  /// similar mean direction of a few examples.
  ///
  /// - Parameters:
  ///   - embeddings: `[Q, D]`.
  ///   - examples: `[N, D]`.
  ///   - classes: one an example, in 0 ..< `classCount`; a class without examples is never chosen.
  ///   - classCount: C.
  /// - Returns: `[Q]` int64; the first of equally similar classes.
  /// - Precondition: one class an example, all in 0 ..< C; equal widths.
  public func nearest(
    of embeddings: Tensor, examples: Tensor, classes: [Int], classCount: Int
  ) -> Tensor {
    withoutGradients {
      let known = Tensor.classes(classes, of: examples)
      let sums = Tensor.zeros(
        [classCount, examples.size(along: 1)], dtype: examples.dtype, device: examples.device
      ).addingRows(examples.normalized(), at: known)
      let empty = Tensor.zeros([classCount], dtype: .float64, device: examples.device)
        .addingRows(.ones([classes.count], dtype: .float64, device: examples.device), at: known)
        .isEqual(to: 0)
      return embeddings.normalized().matmul(sums.normalized().transposed())
        .replacing(where: empty, with: -.infinity).argmax(along: 1)
    }
  }
}
