public import Torch

/// Learns, for every pair of classes, which embedding dimensions they share, as weights from 0 to
/// 1.
///
/// Any two examples can be positives of each other in the subspace that their classes have in
/// common. With e a table of one vector per class:
///
///     h = relu((e_a + e_b) / 2)
///     g = sigmoid(W₂ norm(relu(W₁ norm(h) + c₁)) + c₂)        norm: over the batch
///
/// - Paper: Wu, Atito, Feng, Mo, Kitler, Awais. Rethinking Positive Pairs in Contrastive Learning.
///   2024, the feature filter of Hydra, later SimLAP. <https://arxiv.org/abs/2410.18200>
/// - Gradient: reaches the table and all weights; in training also through the batch statistics.
/// - Units: weights. Equal for (a, b) and (b, a).
/// - Departures: none from the authors' code, class `BasicGate`.
public final class HydraGate: Layer, TrainingAware {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number of classes.
    public var classes: Int
    /// The dimension of an embedding, and of a gate.
    public var width: Int
    /// The dimension of a class vector; default 512, from the authors.
    public var classWidth: Int
    /// The width of the hidden layer; default 1024, from the authors.
    public var hidden: Int

    /// Creates a configuration.
    public init(classes: Int, width: Int, classWidth: Int = 512, hidden: Int = 1024) {
      self.classes = classes
      self.width = width
      self.classWidth = classWidth
      self.hidden = hidden
    }
  }

  /// The hyperparameters.
  public let configuration: Configuration
  private let table: Embedding
  private let network: Sequential

  /// Creates a gate with random weights: a normally distributed table, then the linear layers.
  public init(_ configuration: Configuration, generator: Generator, dtype: DType = .float32) {
    self.configuration = configuration
    let (inputs, hidden) = (configuration.classWidth, configuration.hidden)
    table = Embedding(
      .init(rows: configuration.classes, width: inputs), generator: generator, dtype: dtype)
    network = Sequential(
      Activation(.relu), BatchNorm(.init(channels: inputs), dtype: dtype),
      Linear(.init(inputs: inputs, outputs: hidden), generator: generator, dtype: dtype),
      Activation(.relu), BatchNorm(.init(channels: hidden), dtype: dtype),
      Linear(
        .init(inputs: hidden, outputs: configuration.width), generator: generator, dtype: dtype))
  }

  /// "classes.weight", then those of the layers: "network.1.weight", …, "network.5.bias".
  public var parameters: [(name: String, tensor: Tensor)] {
    table.parameters(under: "classes") + network.parameters(under: "network")
  }

  /// The running statistics: "network.1.running_mean" and so on.
  public var buffers: [(name: String, tensor: Tensor)] { network.buffers(under: "network") }

  /// Whether normalisation uses batch statistics instead of running ones.
  public var isTraining = true {
    didSet { network.isTraining = isTraining }
  }

  /// The gates of pairs of classes.
  ///
  /// - Parameters:
  ///   - classes: N class indices from 0.
  ///   - partners: N class indices from 0.
  /// - Returns: `[N, width]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: equally many of both, below the number of classes; more than one in training.
  public func callAsFunction(classes: [Int], partners: [Int]) throws -> Tensor {
    precondition(
      classes.count == partners.count
        && (classes + partners).allSatisfy { 0..<configuration.classes ~= $0 },
      "\(classes.count) classes and \(partners.count) partners of \(configuration.classes)")
    let device = table.weight.device
    return try checked {
      let both =
        table(Tensor(classes).moved(to: device)) + table(Tensor(partners).moved(to: device))
      return network(both * 0.5).sigmoid()
    }
  }
}
