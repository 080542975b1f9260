import Kernels
public import Torch

/// The softmax loss of a classifier on the hypersphere, with embeddings and class weights of unit
/// length and no bias.
///
/// The two constraints leave only angles to learn, so that the examples of a class cluster around a
/// direction; unseen classes do so too and can be told apart by their embeddings (`nearest`). With
/// x̂ and ŵ of unit length, y the class of i:
///
///     L = (1 / N) Σᵢ (log Σⱼ exp(x̂ᵢ · ŵⱼ / τ) − x̂ᵢ · ŵᵧ / τ)
///
/// - Inputs: class labels with prototypes
/// - Paper: Pereira, Joly, Valduriez, Porto. Hyperspherical embedding for novel class
///   classification. 2021; the loss is that of Zhai, Wu. Classification is a Strong Baseline for
///   Deep Metric Learning. BMVC 2019. <https://arxiv.org/abs/2102.03243>
///   <https://arxiv.org/abs/1811.12649>
/// - Gradient: reaches embeddings and weights.
/// - Units: nats, averaged over examples. If all cosines are equal, it is log C.
/// - Departures: the first paper's full text was not available: constraints and usage follow its
///   abstract, the formula the loss that it names. pytorch-metric-learning normalises only the
///   weights by default, embeddings on request.
/// - Degenerate: an empty batch has loss 0.
public struct NormalizedSoftmaxLoss: Codable, Hashable, Sendable {
  /// The temperature τ > 0 that divides cosines; default 0.05, from Zhai and Wu.
  public var temperature: Double
  /// The number of examples per block; nil means about a million cosines, our default.
  public var blockSize: Int?

  /// Creates the loss.
  public init(temperature: Double = 0.05, blockSize: Int? = nil) {
    self.temperature = temperature
    self.blockSize = blockSize
  }

  /// The loss of a batch.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`; the loss scales them to unit length.
  ///   - weights: `[C, D]`, learned; the loss scales them to unit length.
  ///   - classes: one per embedding, in 0 ..< C.
  /// - Returns: a scalar, differentiable once.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per embedding, all in 0 ..< C; equal widths; τ > 0.
  /// - Complexity: O(N · C · D) time; O(N · block + (N + C) · D) memory.
  public func callAsFunction(embeddings: Tensor, weights: Tensor, classes: [Int]) throws -> Tensor {
    precondition(temperature > 0, "the temperature \(temperature) is not positive")
    _ = Tensor.classes(classes, of: embeddings, below: weights)
    if classes.isEmpty { return embeddings.sum() * 0 }
    return try OwnClassSoftmax(scale: 1 / temperature, blockSize: blockSize)(
      rows: embeddings.normalized(), columns: weights.normalized(), classes: classes)
  }

  /// Classifies embeddings into possibly untrained classes, by the most similar mean direction of a
  /// few examples per class.
  ///
  /// - Parameters:
  ///   - embeddings: `[Q, D]`.
  ///   - examples: `[N, D]`.
  ///   - classes: one per example, in 0 ..< `classCount`; a class without examples is never chosen.
  ///   - classCount: C.
  /// - Returns: `[Q]` int64; the first class in case of a tie.
  /// - Precondition: one class per example, all in 0 ..< C; equal widths.
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
