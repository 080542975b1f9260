public import Torch

/// Which dimensions two classes share: a number from 0 to 1 for each, learned for every pair.
///
/// Any two examples can be positives of each other in the subspace that their classes have in common.
/// With e a table of a vector a class:
///
///     h = relu((e_a + e_b) / 2)
///     g = sigmoid(W₂ norm(relu(W₁ norm(h) + c₁)) + c₂)        norm: over the batch
///
/// - Paper: Wu, Atito, Feng, Mo, Kitler, Awais. Rethinking Positive Pairs in Contrastive Learning.
///   2024, the feature filter of Hydra, later SimLAP. <https://arxiv.org/abs/2410.18200>
/// - Gradient: reaches the table and all weights; while training also through the batch's means and
///   variances.
/// - Units: shares. Equal for (a, b) and (b, a).
/// - Departures: none from the authors' code, class `BasicGate`.
public final class HydraGate: Layer, TrainingAware {
  /// What kind of gate it is.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number of classes.
    public var classes: Int
    /// The length of an embedding, and of a gate.
    public var width: Int
    /// The length of a class's vector; 512, the default, is the authors'.
    public var classWidth: Int
    /// The length of the hidden layer; 1024, the default, is the authors'.
    public var hidden: Int

    /// Makes a configuration.
    public init(classes: Int, width: Int, classWidth: Int = 512, hidden: Int = 1024) {
      self.classes = classes
      self.width = width
      self.classWidth = classWidth
      self.hidden = hidden
    }
  }

  /// What kind of gate it is.
  public let configuration: Configuration
  private let table: Embedding
  private let network: Sequential

  /// Makes a gate with random weights: the table of normal numbers, then the maps.
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

  /// Whether statistics are the batch's.
  public var isTraining = true {
    didSet { network.isTraining = isTraining }
  }

  /// The gates of pairs of classes.
  ///
  /// - Parameters:
  ///   - classes: N numbers from 0.
  ///   - partners: N numbers from 0.
  /// - Returns: `[N, width]`.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: as many of both, below the number of classes; more than one while training.
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
