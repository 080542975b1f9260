public import Storage
import Synchronization
public import Torch

/// A perceptron on each node's features alone, with dropout before each layer: the part of APPNP and
/// DAGNN that knows no neighbours.
public final class NodePerceptron: NodeNetwork, Sendable {
  private let weights: [(weight: Tensor, bias: Tensor)]
  /// The probability of zeroing a number before each layer, in training.
  public let dropout: Double
  private let generator: Generator
  private let isTrained = Atomic(true)
  /// Whether numbers are zeroed at random.
  public var isTraining: Bool {
    get { isTrained.load(ordering: .relaxed) }
    set { isTrained.store(newValue, ordering: .relaxed) }
  }

  /// Creates a perceptron from the weights `[inputs, outputs]` and biases `[outputs]` of its layers.
  ///
  /// - Precondition: there is a layer; `dropout` lies in 0 … 1.
  public init(
    layers: [(weight: Tensor, bias: Tensor)], dropout: Double = 0.5, generator: Generator
  ) {
    precondition(!layers.isEmpty, "no layer")
    precondition((0...1).contains(dropout), "a probability of \(dropout)")
    weights = layers.map { ($0.weight.requiringGradient(), $0.bias.requiringGradient()) }
    self.dropout = dropout
    self.generator = generator
  }

  /// Creates a perceptron with Glorot's random weights and biases of 0.
  ///
  /// - Parameter widths: from the number of features to the number of outputs.
  /// - Precondition: there are at least two widths; `dropout` lies in 0 … 1.
  public convenience init(widths: [Int], dropout: Double = 0.5, generator: Generator) {
    self.init(
      layers: zip(widths, widths.dropFirst()).map { inputs, outputs in
        (.glorot([inputs, outputs], generator: generator), .zeros([outputs]))
      }, dropout: dropout, generator: generator)
  }

  /// `0.weight`, `0.bias` and so on.
  public var parameters: [(name: String, tensor: Tensor)] {
    weights.enumerated().flatMap {
      [("\($0.offset).weight", $0.element.weight), ("\($0.offset).bias", $0.element.bias)]
    }
  }

  /// Applies the perceptron, `[V, F]` → `[V, C]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  public func callAsFunction(_ features: NodeFeatures) throws -> Tensor {
    var input = features
    var output: Tensor?
    for (weight, bias) in weights {
      if let output { input = .dense(output.relu()) }
      if isTraining, dropout > 0 { input = input.droppedOut(dropout, generator: generator) }
      output = try input.product(with: weight) + bias
    }
    return try output ?? features.dense()
  }

  /// The neighbours, which the perceptron does not look at.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    SparseMatrix(graph.neighbours)
  }

  /// Applies the perceptron to each node alone, as a baseline among networks over a graph.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  { try self(features) }
}
