public import Torch

/// Fades out the nodes of graphs that a learnt score finds unimportant, and the edges at them.
///
/// With features X, weights A of edges, and a graph convolution GCN that adds self-loops of weight 1:
///
///     d = σ(GCN(X, A) w + c),   X′ᵢ = dᵢ Xᵢ,   A′ᵢⱼ = dᵢ dⱼ Aᵢⱼ
///
/// No node is removed, so the choice can be learnt.
///
/// - Paper: Mitra, Huang, Kellis. ProteinRPN: Towards Accurate Protein Function Prediction with
///   Graph-Based Region Proposals. 2024. <https://arxiv.org/abs/2409.00610>
/// - Gradient: reaches the features, the weights of edges and the learnt parameters; see departures.
/// - Units: d in shares from 0 to 1; features and weights in their own.
/// - Departures: follows the authors' code. There d is detached where it is returned, for a
///   connectivity loss that is thereby constant, and 0 besides: the trace it takes is the sum of
///   the degrees minus the sum of the edges' weights. Here d keeps its gradient and there is no
///   such loss.
public final class NodeDropPooling: Layer, Sendable {
  /// GCN.
  public let convolution: GraphConvolution
  /// w and c.
  public let projection: Linear

  /// The result of a pooling.
  public struct Pooled: Sendable {
    /// X′, `[V, F]`.
    public let features: Tensor
    /// A′, `[E]` in the order of the batch's places, 0 at self-loops.
    public let weights: Tensor
    /// d, `[V]`.
    public let kept: Tensor
  }

  /// Creates a pooling of given parts, which it trains in place.
  ///
  /// - Precondition: `projection` has one output.
  public init(convolution: GraphConvolution, projection: Linear) {
    precondition(
      projection.weight.shape == [1, convolution.weight.size(along: 1)],
      "a projection \(projection.weight.shape) of \(convolution.weight.size(along: 1)) numbers")
    self.convolution = convolution
    self.projection = projection
  }

  /// Creates a pooling with random weights.
  public convenience init(from inputs: Int, hidden: Int, generator: Generator) {
    self.init(
      convolution: GraphConvolution(from: inputs, to: hidden, generator: generator),
      projection: Linear(from: hidden, to: 1, generator: generator))
  }

  /// Those of `convolution` and `projection`.
  public var parameters: [(name: String, tensor: Tensor)] {
    convolution.parameters(under: "convolution") + projection.parameters(under: "projection")
  }

  /// Applies the pooling.
  ///
  /// - Parameters:
  ///   - features: X, `[V, F]`.
  ///   - weights: A, `[E]`; those of self-loops are not read.
  ///   - batch: the graphs.
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(
    _ features: Tensor, weights: Tensor, in batch: LoopedGraphBatch
  ) throws -> Pooled {
    let hidden = try convolution(.dense(features), over: batch.propagation(weights))
    let kept = projection(hidden).sigmoid()
    let ends = try batch.places.spread(kept) * batch.places.transposed.spread(kept)
    let links = batch.links.converted(to: weights.dtype)
    return Pooled(
      features: features * kept, weights: weights * links * ends.reshaped([-1]),
      kept: kept.squeezed(along: 1))
  }
}
