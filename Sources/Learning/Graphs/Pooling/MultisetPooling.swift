public import Torch

/// A few vectors for a graph: learnt seeds that attend to its nodes.
///
/// With the seeds S, and keys and values of the nodes from graph convolutions:
///
///     Y = attention of S to GCN(X), GCN′(X)      (`SetAttention`)
///
/// - Paper: Baek, Kang, Hwang. Accurate Learning of Graph Representations with Graph Multiset Pooling.
///   ICLR 2021, equation 6 (GMPool with a graph). <https://arxiv.org/abs/2102.11533>
/// - Gradient: reaches the features and the learnt weights; not the graph.
/// - Units: those of the layers, or of their normalisation.
/// - Departures: this is one pooling. The paper's network has a self-attention and a second pooling
///   after it; in ProteinRPN's code, its user here, the second attends to the nodes again and
///   ignores the first, so that one pooling with one seed is the same. The number of seeds does not
///   depend on that of the nodes.
/// - Complexity: O(V · D² + S · V · D) time.
public final class MultisetPooling: Layer, Sendable {
  /// S, `[seeds, D]`.
  public let seeds: Tensor
  /// The attention.
  public let attention: SetAttention
  /// GCN.
  public let keys: GraphConvolution
  /// GCN′.
  public let values: GraphConvolution

  /// Creates a pooling of given parts, which it trains in place.
  ///
  /// - Precondition: all have the width D.
  public init(
    seeds: Tensor, attention: SetAttention, keys: GraphConvolution, values: GraphConvolution
  ) {
    let width = attention.output.weight.size(along: 0)
    precondition(
      seeds.dimensionCount == 2 && seeds.size(along: 1) == attention.query.weight.size(along: 1)
        && keys.weight.size(along: 1) == width && values.weight.shape == keys.weight.shape,
      "seeds \(seeds.shape), keys \(keys.weight.shape) and values \(values.weight.shape)")
    self.seeds = seeds.requiringGradient()
    self.attention = attention
    self.keys = keys
    self.values = values
  }

  /// Creates a pooling with random weights.
  ///
  /// - Parameters:
  ///   - width: D.
  ///   - seeds: the number of vectors of a graph; default 1, as in effect in ProteinRPN's code.
  ///   - heads: a divisor of D; default 8, from ProteinRPN's code.
  ///   - isNormalized: whether attention is normalised; default true, from ProteinRPN's code.
  public convenience init(
    width: Int, seeds: Int = 1, heads: Int = 8, isNormalized: Bool = true, generator: Generator
  ) {
    self.init(
      seeds: .glorot([seeds, width], generator: generator),
      attention: SetAttention(
        from: width, width: width, heads: heads, isNormalized: isNormalized, generator: generator),
      keys: GraphConvolution(from: width, to: width, generator: generator),
      values: GraphConvolution(from: width, to: width, generator: generator))
  }

  /// `seeds`, and those of the parts.
  public var parameters: [(name: String, tensor: Tensor)] {
    [("seeds", seeds)] + attention.parameters(under: "attention") + keys.parameters(under: "keys")
      + values.parameters(under: "values")
  }

  /// Applies the pooling to the nodes of a batch, `[V, D]` → `[B, seeds, D]`.
  ///
  /// - Parameter weights: `[E]`, those of the batch's edges; 1 if nil.
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(
    _ features: Tensor, weights: Tensor? = nil, in batch: LoopedGraphBatch
  ) throws -> Tensor {
    let propagation = try batch.propagation(weights ?? batch.links.converted(to: features.dtype))
    let count = seeds.size(along: 0)
    let queries = Tensor.concatenated([Tensor](repeating: seeds, count: batch.nodes.count))
    let result = try attention(
      queries, keys: keys(.dense(features), over: propagation),
      values: values(.dense(features), over: propagation), over: batch.members(rows: count))
    return result.reshaped([batch.nodes.count, count, -1])
  }
}
