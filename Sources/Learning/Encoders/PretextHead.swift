public import Torch

/// Tells how a picture was changed from its embedding: the classifier of a pretext.
///
/// A picture may come in T tiles, which see the same first layer; then they are one vector:
///
///     aₜ = drop(relu(W₁ hₜ + b₁))
///     p  = W₃ drop(relu(W₂ [a₁; …; a_T] + b₂)) + b₃
///     L  = contrastive loss + λ · cross entropy of p
///
/// - Paper: Kinakh, Taran, Voloshynovskiy. ScatSimCLR: self-supervised contrastive learning with
///   pretext task regularization for small-scale datasets. ICCV Workshops 2021, section 3.
///   <https://arxiv.org/abs/2108.13939>
/// - Gradient: reaches the embeddings and all weights.
/// - Units: logits; the regularisation is in nats times λ.
/// - Departures: none from the authors' code; widths are those it has for each pretext.
public final class PretextHead: UnaryLayer, TrainingAware {
  /// What kind of head it is.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The length of an embedding.
    public var inputs: Int
    /// The number of classes.
    public var classes: Int
    /// The number T of tiles of a picture.
    public var tiles: Int
    /// The width of the first layer.
    public var width: Int
    /// The width of the second layer.
    public var jointWidth: Int
    /// How likely a number is dropped while training.
    public var dropout: Double
    /// The weight λ beside a contrastive loss; 0.3, the authors' code's.
    public var weight: Double

    /// Sets the shape.
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

    /// The authors' head for four quarter turns.
    public static func turns(inputs: Int) -> Self {
      Self(inputs: inputs, classes: 4)
    }

    /// The authors' head for nine tiles in one of `orders` orders.
    public static func jigsaw(inputs: Int, orders: Int = 35) -> Self {
      Self(inputs: inputs, classes: orders, tiles: 9, jointWidth: 4096)
    }
  }

  /// What kind of head it is.
  public let configuration: Configuration
  private let first: Linear
  private let second: Linear
  private let last: Linear
  private let dropout: Dropout

  /// Makes a head with random weights.
  ///
  /// - Parameters:
  ///   - configuration: the shape.
  ///   - generator: where the weights come from, and what is dropped.
  ///   - dtype: that of the weights.
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

  /// Whether numbers are dropped.
  public var isTraining = true { didSet { dropout.isTraining = isTraining } }

  /// The logits of embeddings: `[N · T, D]` → `[N, classes]`.
  ///
  /// - Precondition: the tiles of a picture follow each other.
  public func callAsFunction(_ embeddings: Tensor) -> Tensor {
    precondition(
      embeddings.dimensionCount == 2 && embeddings.shape[0] % configuration.tiles == 0,
      "\(embeddings.shape) for pictures of \(configuration.tiles) tiles")
    let parts = dropout(first(embeddings).relu())
    let joint = parts.reshaped([-1, configuration.tiles * configuration.width])
    return last(dropout(second(joint).relu()))
  }

  /// What is added to a contrastive loss: λ times the mean cross entropy.
  ///
  /// - Parameters:
  ///   - embeddings: `[N · T, D]`, of changed pictures.
  ///   - classes: `[N]` int64, how they were changed.
  public func regularization(_ embeddings: Tensor, classes: Tensor) -> Tensor {
    self(embeddings).crossEntropy(ofClasses: classes) * configuration.weight
  }
}
