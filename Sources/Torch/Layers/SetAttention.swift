/// Attention of some vectors to the members of sets, as in set transformers.
///
/// With the queries q = x Wᵀ + b, split into H heads, keys kⱼ and values vⱼ, N(i) the members that
/// row i may attend to, and D the width of all heads together:
///
///     aᵢ = softmax over j ∈ N(i) of qᵢ · kⱼ / √D
///     oᵢ = qᵢ + Σⱼ aᵢⱼ vⱼ,   yᵢ = oᵢ + ReLU(oᵢ Uᵀ + c)
///
/// with a layer normalisation of o and of y, if there is one. A row without members keeps its query.
///
/// - Source: Lee, Lee, Kim, Kosiorek, Choi, Teh. Set Transformer. ICML 2019, equations 6 and 7,
///   <https://arxiv.org/abs/1810.00825>.
/// - Departures: as the authors' code, the query and not its input is added, and products are
///   divided by √D and not by the root of a head's width.
public final class SetAttention: Layer, Sendable {
  /// W and b.
  public let query: Linear
  /// U and c.
  public let output: Linear
  /// Of o and of y; empty or two.
  public let norms: [LayerNorm]
  /// The number of heads.
  public let heads: Int

  /// Creates a layer of given parts, which it trains in place.
  ///
  /// - Precondition: `output` has as many inputs and outputs as `query` outputs, a multiple of `heads`;
  ///   no norms or two.
  public init(query: Linear, output: Linear, norms: [LayerNorm] = [], heads: Int) {
    let width = query.weight.size(along: 0)
    precondition(
      output.weight.shape == [width, width] && heads > 0 && width.isMultiple(of: heads),
      "queries of \(width) in \(heads) heads with an output \(output.weight.shape)")
    precondition(norms.isEmpty || norms.count == 2, "\(norms.count) norms, expected 0 or 2")
    self.query = query
    self.output = output
    self.norms = norms
    self.heads = heads
  }

  /// Creates a layer with random weights.
  public convenience init(
    from inputs: Int, width: Int, heads: Int, isNormalized: Bool, generator: Generator
  ) {
    self.init(
      query: Linear(from: inputs, to: width, generator: generator),
      output: Linear(from: width, to: width, generator: generator),
      norms: isNormalized ? (0..<2).map { _ in LayerNorm(.init(width: width)) } : [], heads: heads)
  }

  /// Those of `query`, `output`, and of `norms.0` and `norms.1` if there are any.
  public var parameters: [(name: String, tensor: Tensor)] {
    query.parameters(under: "query") + output.parameters(under: "output")
      + norms.enumerated().flatMap { $0.element.parameters(under: "norms.\($0.offset)") }
  }

  /// Applies the layer, `[U, A]` → `[U, D]`.
  ///
  /// - Parameters:
  ///   - inputs: x, `[U, A]`.
  ///   - keys: `[V, D]`.
  ///   - values: `[V, D]`.
  ///   - places: the members of each row, `[U, V]`.
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(
    _ inputs: Tensor, keys: Tensor, values: Tensor, over places: SparsePlaces
  ) throws -> Tensor {
    let queries = query(inputs)
    let scale = 1 / Double(queries.size(along: 1)).squareRoot()
    let shares = try places.softmax(places.products(queries, keys, heads: heads) * scale)
    var result = queries + (try places.sums(of: values, weights: shares))
    if let norm = norms.first { result = norm(result) }
    result = result + output(result).relu()
    if let norm = norms.last { result = norm(result) }
    return result
  }
}
