public import Torch

/// Projects a pretrained transformer's vectors into the space of a `DualEncoder`.
///
///     u = √W v / ‖v‖                       v: a text's pooled vector, of dimension W
///     z = W₁ u + b₁                        without a hidden layer
///     z = W₂ relu(W₁ u + b₁) + b₂          with one
///
/// with dropout on u and on the hidden layer in training. The vectors are either frozen (computed
/// once, by the caller) or come from `transformer`, which is then trained too.
///
/// - Paper: Gao, Zhang, Han, Callan. Scaling Deep Contrastive Learning Batch Size under Memory
///   Limited Setup. RepL4NLP 2021, section 3. <https://arxiv.org/abs/2101.06983>, for training the
///   transformer in chunks, `Pass`.
/// - Gradient: reaches the projection and, through the vectors, the transformer if there is one.
/// - Units: none; u has mean square 1, whatever the checkpoint's scale.
/// - Departures: the projection is ours; the paper has none.
/// - Degenerate: a vector of zeros has u = 0.
public final class TransformerTower: Layer, TrainingAware, Sendable {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The width of the hidden layer; nil for a linear projection.
    public var hiddenDimension: Int?
    /// The dropout probability on u and on the hidden layer in training.
    public var dropout: Double

    /// The defaults are ours, tuned on the validation split of `debian-tags`.
    public init(hiddenDimension: Int? = 1024, dropout: Double = 0.2) {
      self.hiddenDimension = hiddenDimension
      self.dropout = dropout
    }
  }

  /// The hyperparameters.
  public let configuration: Configuration
  /// The transformer if it is trained; nil if the vectors are frozen.
  public let transformer: TransformerEncoder?
  /// The source of dropout masks, the transformer's too if it was made with it.
  public let generator: Generator
  private let layers: [Linear]
  private let dropout: Dropout
  /// The length of the vectors, W.
  package let inputs: Int

  /// Creates a projection from vectors of length `inputs` to embeddings of length `outputs`.
  ///
  /// - Parameters:
  ///   - generator: draws the weights, on the CPU.
  ///   - masks: draws dropout masks, on the device that trains; nil for `generator`.
  public init(
    _ configuration: Configuration, from inputs: Int, to outputs: Int,
    training transformer: TransformerEncoder? = nil, generator: Generator,
    masks: Generator? = nil, dtype: DType = .float32
  ) {
    self.configuration = configuration
    self.transformer = transformer
    self.generator = masks ?? generator
    self.inputs = inputs
    let widths = [inputs] + (configuration.hiddenDimension.map { [$0] } ?? []) + [outputs]
    layers = zip(widths, widths.dropFirst()).map {
      Linear(.init(inputs: $0, outputs: $1), generator: generator, dtype: dtype)
    }
    dropout = Dropout(configuration.dropout, generator: masks ?? generator)
    dropout.isTraining = false
    transformer?.isTraining = false
  }

  /// A tower with other layers.
  private init(_ tower: TransformerTower, layers: [Linear]) {
    configuration = tower.configuration
    transformer = tower.transformer
    generator = tower.generator
    inputs = tower.inputs
    dropout = tower.dropout
    self.layers = layers
  }

  /// The tower of the first `dimension` numbers of the embedding.
  ///
  /// - Precondition: `dimension` is from 1 to that of the embedding.
  public func truncated(to dimension: Int) -> TransformerTower {
    TransformerTower(
      self, layers: layers.dropLast() + layers.suffix(1).map { $0.truncated(to: dimension) })
  }

  /// The projection under `projection.`, then the transformer if it is trained.
  public var parameters: [(name: String, tensor: Tensor)] {
    projectionParameters + (transformer?.parameters(under: "transformer") ?? [])
  }

  /// The projection's parameters alone.
  public var projectionParameters: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { $1.parameters(under: "projection.\($0)") }
  }

  /// The device of the projection.
  public var device: Device { layers[0].weight.device }

  /// Whether dropout is active; false at first, so that only training steps need to set it.
  public var isTraining: Bool {
    get { dropout.isTraining }
    set {
      dropout.isTraining = newValue
      transformer?.isTraining = newValue
    }
  }

  /// Projects vectors: `[N, W]` → `[N, D]`.
  public func callAsFunction(_ vectors: Tensor) -> Tensor {
    let scaled = vectors.normalized(along: -1) * Double(inputs).squareRoot()
    return layers.dropFirst().reduce(layers[0](dropout(scaled))) { $1(dropout($0.relu())) }
  }
}
