public import Storage
public import Torch

/// Predictions from a node's features, spread over the graph by personalised PageRank.
///
/// With H = MLP(X), Â = D̃^−½ (A + I) D̃^−½ and a teleport probability α:
///
///     Z⁰ = H,   Zᵏ = (1 − α) Â Zᵏ⁻¹ + α H,   Y = Zᴷ
///
/// - Paper: Klicpera, Bojchevski, Günnemann. Predict then Propagate: Graph Neural Networks meet
///   Personalized PageRank. ICLR 2019, equations 4 and 5. <https://arxiv.org/abs/1810.05997>
/// - Gradient: reaches the features and the perceptron, through all steps.
/// - Units: logits of classes.
/// - Departures: the authors also drop entries of Â in training; `edgeDropout` does, and is 0.5 as
///   theirs by default. They regularise the first layer alone, which is the optimiser's business.
public final class APPNP: NodeNetwork, Sendable {
  /// The number of steps K; default 10, the paper's.
  public let steps: Int
  /// The teleport probability α; default 0.1, the paper's.
  public let teleport: Double
  /// The probability of zeroing an entry of Â in each step of training.
  public let edgeDropout: Double
  /// The perceptron of the features.
  public let perceptron: NodePerceptron
  private let generator: Generator

  /// Whether numbers and entries are zeroed at random.
  public var isTraining: Bool {
    get { perceptron.isTraining }
    set { perceptron.isTraining = newValue }
  }

  /// Creates a network around a perceptron.
  ///
  /// - Precondition: `teleport` and `edgeDropout` lie in 0 … 1; `steps` is not negative.
  public init(
    _ perceptron: NodePerceptron, steps: Int = 10, teleport: Double = 0.1,
    edgeDropout: Double = 0.5, generator: Generator
  ) {
    precondition(
      (0...1).contains(teleport) && (0...1).contains(edgeDropout) && steps >= 0,
      "\(steps) steps with a teleport of \(teleport) and dropout \(edgeDropout)")
    self.perceptron = perceptron
    self.steps = steps
    self.teleport = teleport
    self.edgeDropout = edgeDropout
    self.generator = generator
  }

  /// Those of the perceptron.
  public var parameters: [(name: String, tensor: Tensor)] { perceptron.parameters }

  /// Â.
  public static func propagation(of graph: Graph) -> SparseMatrix {
    GraphConvolution.propagation(of: graph)
  }

  /// Applies the network, `[V, F]` → `[V, C]`.
  public func callAsFunction(_ features: NodeFeatures, over propagation: SparseMatrix) throws
    -> Tensor
  {
    let own = try perceptron(features)
    let restart = own * teleport
    var spread = own
    for _ in 0..<steps {
      let matrix =
        isTraining && edgeDropout > 0
        ? propagation.droppedOut(edgeDropout, generator: generator) : propagation
      spread = try matrix.product(with: spread) * (1 - teleport) + restart
    }
    return spread
  }
}
