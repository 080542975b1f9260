public import Torch

/// Classifies, from its embedding, how an image was transformed: the classifier of a pretext task.
///
/// An image may consist of T tiles, which share the first layer and are then concatenated:
///
///     aₜ = drop(relu(W₁ hₜ + b₁))
///     p  = W₃ drop(relu(W₂ [a₁; …; a_T] + b₂)) + b₃
///     L  = contrastive loss + λ · cross entropy of p
///
/// - Paper: Kinakh, Taran, Voloshynovskiy. ScatSimCLR: self-supervised contrastive learning with
///   pretext task regularization for small-scale datasets. ICCV Workshops 2021, section 3.
///   <https://arxiv.org/abs/2108.13939>
/// - Gradient: reaches the embeddings and all weights.
/// - Units: logits; the regularisation term is in nats times λ.
/// - Departures: none from the authors' code; widths follow it for each pretext task.
public final class PretextHead: UnaryLayer, TrainingAware {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The length of an embedding.
    public var inputs: Int
    /// The number of classes.
    public var classes: Int
    /// The number T of tiles per image.
    public var tiles: Int
    /// The width of the first layer.
    public var width: Int
    /// The width of the second layer.
    public var jointWidth: Int
    /// The dropout probability in training.
    public var dropout: Double
    /// The weight λ of the pretext loss; default 0.3, from the authors' code.
    public var weight: Double

    /// Creates a configuration.
    public init(
      inputs: Int, classes: Int, tiles: Int = 1, width: Int = 512, jointWidth: Int = 128,
      dropout: Double = 0.5, weight: Double = 0.3
    ) {
      self.inputs = inputs
      self.classes = classes
      self.tiles = tiles
      self.width = width
      self.jointWidth = jointWidth
      self.dropout = dropout
      self.weight = weight
    }

    /// The authors' head for rotations by multiples of 90°.
    public static func turns(inputs: Int) -> Self {
      Self(inputs: inputs, classes: 4)
    }

    /// The authors' head for nine tiles in one of `orders` permutations.
    public static func jigsaw(inputs: Int, orders: Int = 35) -> Self {
      Self(inputs: inputs, classes: orders, tiles: 9, jointWidth: 4096)
    }
  }

  /// The hyperparameters.
  public let configuration: Configuration
  private let first: Linear
  private let second: Linear
  private let last: Linear
  private let dropout: Dropout

  /// Creates a head with random weights.
  ///
  /// - Parameters:
  ///   - configuration: the hyperparameters.
  ///   - generator: the source of initial weights and dropout masks.
  ///   - dtype: the dtype of the weights.
  public init(_ configuration: Configuration, generator: Generator, dtype: DType = .float32) {
    func linear(_ inputs: Int, _ outputs: Int) -> Linear {
      Linear(.init(inputs: inputs, outputs: outputs), generator: generator, dtype: dtype)
    }
    self.configuration = configuration
    first = linear(configuration.inputs, configuration.width)
    second = linear(configuration.tiles * configuration.width, configuration.jointWidth)
    last = linear(configuration.jointWidth, configuration.classes)
    dropout = Dropout(configuration.dropout, generator: generator)
  }

  /// The weights: "first.weight", "first.bias", "second.weight" and so on.
  public var parameters: [(name: String, tensor: Tensor)] {
    first.parameters(under: "first") + second.parameters(under: "second")
      + last.parameters(under: "last")
  }

  /// Whether dropout is active.
  public var isTraining = true { didSet { dropout.isTraining = isTraining } }

  /// The logits for embeddings: `[N · T, D]` → `[N, classes]`.
  ///
  /// - Precondition: the tiles of an image are consecutive rows.
  public func callAsFunction(_ embeddings: Tensor) -> Tensor {
    precondition(
      embeddings.dimensionCount == 2 && embeddings.shape[0] % configuration.tiles == 0,
      "\(embeddings.shape) for pictures of \(configuration.tiles) tiles")
    let parts = dropout(first(embeddings).relu())
    let joint = parts.reshaped([-1, configuration.tiles * configuration.width])
    return last(dropout(second(joint).relu()))
  }

  /// The term added to a contrastive loss: λ times the mean cross-entropy.
  ///
  /// - Parameters:
  ///   - embeddings: `[N · T, D]`, of transformed images.
  ///   - classes: `[N]` int64, the transformation applied to each.
  public func regularization(_ embeddings: Tensor, classes: Tensor) -> Tensor {
    self(embeddings).crossEntropy(ofClasses: classes) * configuration.weight
  }
}
