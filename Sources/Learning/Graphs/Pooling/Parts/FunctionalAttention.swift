public import Torch

/// Attention to neighbours that is sharper at nodes of a high score.
///
/// With h = X W, a node's score f, weights A of edges, LR the leaky ReLU of slope 0.2:
///
///     eᵢⱼ = LR(a · hⱼ + c · hᵢ) · (fᵢ + ½ (1 − fᵢ)) · Aᵢⱼ
///     yᵢ  = ReLU(Σⱼ softmaxⱼ(eᵢⱼ) hⱼ)   over the neighbours j of i, without i
public final class FunctionalAttention: Layer, Sendable {
  /// W, `[F, D]`.
  public let weight: Tensor
  /// a, `[D, 1]`.
  public let sender: Tensor
  /// c, `[D, 1]`.
  public let receiver: Tensor

  /// Creates a layer from the given weights, which it trains in place.
  ///
  /// - Precondition: the shapes are those above.
  public init(weight: Tensor, sender: Tensor, receiver: Tensor) {
    precondition(
      weight.dimensionCount == 2 && sender.shape == [weight.size(along: 1), 1]
        && receiver.shape == sender.shape,
      "weights \(weight.shape), \(sender.shape) and \(receiver.shape)")
    self.weight = weight.requiringGradient()
    self.sender = sender.requiringGradient()
    self.receiver = receiver.requiringGradient()
  }

  /// Creates a layer with Glorot's random weights.
  public convenience init(from inputs: Int, to outputs: Int, generator: Generator) {
    self.init(
      weight: .glorot([inputs, outputs], generator: generator),
      sender: .glorot([outputs, 1], generator: generator),
      receiver: .glorot([outputs, 1], generator: generator))
  }

  /// `weight`, `sender` and `receiver`.
  public var parameters: [(name: String, tensor: Tensor)] {
    [("weight", weight), ("sender", sender), ("receiver", receiver)]
  }

  /// Applies the layer, `[V, F]` → `[V, D]`; a node without neighbours has 0.
  ///
  /// - Parameters:
  ///   - scores: f, `[V]`.
  ///   - weights: A, `[E]`; those of self-loops are not read.
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(
    _ features: Tensor, scores: Tensor, weights: Tensor, in batch: LoopedGraphBatch
  ) throws -> Tensor {
    let places = batch.places
    let hidden = features.matmul(weight)
    let raw = try
      (places.transposed.spread(hidden.matmul(sender)) + places.spread(hidden.matmul(receiver)))
      .leakyReLU(slope: 0.2)
    let sharpness = try places.spread((scores * 0.5 + 0.5).expandingDimension(at: 1))
    let scaled = (raw * sharpness).reshaped([-1]) * weights
    let masked = scaled.replacing(where: places.rows.isEqual(to: places.columns), with: -.infinity)
    return try places.sums(of: hidden, weights: places.softmax(masked)).relu()
  }
}
