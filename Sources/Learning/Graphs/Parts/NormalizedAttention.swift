public import Storage
import Synchronization
public import Torch

/// Two attention layers whose outputs are divided by their sums of magnitudes: the network of ERASE.
///
/// Dropout of the features is before the first layer alone; a leaky ReLU (slope 0.01) is between the
/// layers, a ReLU at the end.
public final class NormalizedAttention: NodeNetwork, Sendable {
  private let first: GraphAttention
  private let second: GraphAttention
  /// The probability of zeroing a feature, in training.
  public let dropout: Double
  private let generator: Generator
  private let isTrained = Atomic(true)

  /// Whether features are zeroed at random.
  public var isTraining: Bool {
    get { isTrained.load(ordering: .relaxed) }
    set { isTrained.store(newValue, ordering: .relaxed) }
  }

  /// Creates a network with the authors' sizes: 8 heads of 32, and embeddings of 512 numbers.
  ///
  /// - Precondition: `dropout` lies in 0 … 1.
  public init(
    from inputs: Int, heads: Int = 8, headWidth: Int = 32, to outputs: Int = 512,
    dropout: Double = 0.5, generator: Generator
  ) {
    precondition((0...1).contains(dropout), "a probability of \(dropout)")
    first = GraphAttention(
      .init(inputs: inputs, outputs: headWidth, heads: heads), generator: generator)
    second = GraphAttention(
      .init(inputs: heads * headWidth, outputs: outputs), generator: generator)
    self.dropout = dropout
    self.generator = generator
  }

  /// Those of the layers, under `0.` and `1.`.
  public var parameters: [(name: String, tensor: Tensor)] {
    first.parameters(under: "0") + second.parameters(under: "1")
  }

  /// The neighbours of each node and the node itself; without values.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    GraphAttention.propagation(of: graph)
  }

  /// Applies the network, `[V, F]` → `[V, D]`.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    let input =
      isTraining && dropout > 0 ? features.droppedOut(dropout, generator: generator) : features
    let hidden = try first(input, over: propagation).leakyReLU(slope: 0.01)
    return Self.scaled(try second(.dense(Self.scaled(hidden)), over: propagation)).relu()
  }

  private static func scaled(_ rows: Tensor) -> Tensor {
    rows / rows.magnitude().sum(along: 1, keepingDimensions: true).clamped(from: 1e-12)
  }
}
