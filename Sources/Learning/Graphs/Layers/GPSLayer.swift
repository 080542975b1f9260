public import Torch

/// A layer with messages along edges and attention among all nodes of a graph, side by side.
///
/// With a local layer M, multi-head attention A among the nodes of the same graph, batch normalisation N,
/// dropout δ and a perceptron of one hidden layer of 2 D:
///
///     Y = N₁(X + δ M(X)) + N₂(X + δ A(X)),   A(X) = concat over heads of softmax(Q Kᵀ / √d) V · Wₒ + bₒ
///     Z = N₃(Y + δ W₂ δ ReLU(W₁ Y + b₁) + b₂)
///
/// - Paper: Rampášek, Galkin, Dwivedi, Luu, Wolf, Beaini. Recipe for a General, Powerful, Scalable Graph
///   Transformer. NeurIPS 2022, equations 4 to 7. <https://arxiv.org/abs/2205.12454>
/// - Gradient: reaches the features and all weights.
/// - Units: none; outputs are normalised.
/// - Departures: exact attention, quadratic in a graph's nodes, not the linear Performer; over the pairs
///   of nodes of the same graph, without padding. No features of edges. Without attention Y is N₁ alone.
public final class GPSLayer<Local: GraphLayer>: Layer, TrainingAware {
  /// M.
  public let local: Local
  /// Q, K and V one after the other, D to 3 D; nil for a layer without attention.
  public let attention: Linear?
  /// Wₒ and bₒ.
  public let output: Linear?
  /// W₁ and b₁, then W₂ and b₂.
  public let perceptron: (hidden: Linear, output: Linear)
  /// N₁, N₂ and N₃.
  public let norms: [BatchNorm]
  /// The number of heads.
  public let heads: Int
  private let dropout: Dropout

  /// Whether the batch's statistics are used and numbers are zeroed.
  public var isTraining = true {
    didSet {
      (local as? any TrainingAware)?.isTraining = isTraining
      norms.forEach { $0.isTraining = isTraining }
      dropout.isTraining = isTraining
    }
  }

  /// Creates a layer from its parts, which it trains in place.
  ///
  /// - Parameter attention: the layers of the attention; nil for messages alone.
  /// - Precondition: the sizes agree; the width is a multiple of `heads`.
  public init(
    local: Local, attention: (inputs: Linear, output: Linear)?,
    perceptron: (hidden: Linear, output: Linear), heads: Int = 4, dropout: Double = 0,
    generator: Generator
  ) {
    let width = perceptron.hidden.weight.size(along: 1)
    precondition(
      heads > 0 && width % heads == 0 && perceptron.output.weight.size(along: 0) == width
        && attention.map { $0.inputs.weight.shape == [3 * width, width] } ?? true
        && attention.map { $0.output.weight.shape == [width, width] } ?? true,
      "a perceptron from \(width) to \(perceptron.output.weight.size(along: 0)), attention from "
        + "\(attention?.inputs.weight.shape ?? []) and \(heads) heads")
    self.local = local
    self.attention = attention?.inputs
    output = attention?.output
    self.perceptron = perceptron
    self.heads = heads
    self.dropout = Dropout(dropout, generator: generator)
    norms = (0..<3).map { _ in
      BatchNorm(.init(channels: width), dtype: perceptron.hidden.weight.dtype)
    }
  }

  /// Creates a layer with random weights around a local layer from `width` numbers to as many.
  public convenience init(
    local: Local, width: Int, hasAttention: Bool = true, heads: Int = 4, dropout: Double = 0,
    generator: Generator
  ) {
    self.init(
      local: local,
      attention: hasAttention
        ? (
          Linear(from: width, to: 3 * width, generator: generator),
          Linear(from: width, to: width, generator: generator)
        ) : nil,
      perceptron: (
        Linear(from: width, to: 2 * width, generator: generator),
        Linear(from: 2 * width, to: width, generator: generator)
      ), heads: heads, dropout: dropout, generator: generator)
  }

  private var parts: [(name: String, layer: any Layer)] {
    let optional: [(String, (any Layer)?)] = [
      ("local", local), ("attention", attention), ("output", output),
      ("hidden", perceptron.hidden), ("perceptron", perceptron.output),
    ]
    return optional.compactMap { name, layer in layer.map { (name, $0) } }
      + norms.enumerated().filter { $0.offset != 1 || attention != nil }
      .map { ("norm\($0.offset + 1)", $0.element) }
  }

  /// Those of `local`, `attention`, `output`, the perceptron and the norms.
  public var parameters: [(name: String, tensor: Tensor)] {
    parts.flatMap { $0.layer.parameters(under: $0.name) }
  }

  /// The running statistics.
  public var buffers: [(name: String, tensor: Tensor)] {
    parts.flatMap { $0.layer.buffers(under: $0.name) }
  }

  /// Applies the layer, `[V, D]` → `[V, D]`.
  ///
  /// - Parameters:
  ///   - propagation: the local layer's.
  ///   - pairs: the nodes that attend to each other, `[V, V]`.
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(
    _ features: Tensor, over propagation: SparseMatrix, pairs: SparsePlaces
  ) throws -> Tensor {
    var sum = norms[0](features + dropout(try local(.dense(features), over: propagation)))
    if let attention, let output {
      let parts = attention(features)
      let width = features.size(along: 1)
      let (query, key, value) = (
        parts.slice(0..<width, along: 1), parts.slice(width..<2 * width, along: 1),
        parts.slice(2 * width..<3 * width, along: 1)
      )
      let scores = try pairs.products(query, key, heads: heads)
      let scale = 1 / Double(width / heads).squareRoot()
      let mixed = try pairs.sums(of: value, weights: pairs.softmax(scores * scale))
      sum = sum + norms[1](features + dropout(output(mixed)))
    }
    let hidden = dropout(perceptron.hidden(sum).relu())
    return norms[2](sum + dropout(perceptron.output(hidden)))
  }
}
