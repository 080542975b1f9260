public import Torch

/// Carries a pretrained transformer's vectors into the space of a `DualEncoder`.
///
///     u = √W v / ‖v‖                       v: the pooled vector of a text, of W numbers
///     z = W₁ u + b₁                        without a hidden layer
///     z = W₂ relu(W₁ u + b₁) + b₂          with one
///
/// with dropout of u and of the hidden layer while training. The vectors are frozen (made once, by
/// whoever calls) or come from `transformer`, which is then trained as well.
///
/// - Paper: Gao, Zhang, Han, Callan. Scaling Deep Contrastive Learning Batch Size under Memory
///   Limited Setup. RepL4NLP 2021, section 3. <https://arxiv.org/abs/2101.06983>, for the training
///   of the transformer in pieces, `Pass`.
/// - Gradient: reaches the projection, and through the vectors the transformer where there is one.
/// - Units: none; u has numbers of mean square 1, whatever the checkpoint's scale.
/// - Departures: the projection is ours; the paper has none.
/// - Degenerate: a vector of zeros has u = 0.
public final class TransformerTower: Layer, TrainingAware {
  /// What kind of projection it is.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The width of the hidden layer; nil makes the projection linear.
    public var hiddenDimension: Int?
    /// How likely a number of u or of the hidden layer is dropped while training.
    public var dropout: Double

    /// The defaults are ours, chosen on the validation part of `debian-tags`.
    public init(hiddenDimension: Int? = 1024, dropout: Double = 0.2) {
      self.hiddenDimension = hiddenDimension
      self.dropout = dropout
    }
  }

  /// What kind of projection it is.
  public let configuration: Configuration
  /// The transformer, where it is trained; nil where its vectors are frozen.
  public let transformer: TransformerEncoder?
  /// Where dropout draws from, the transformer's too if it was made with it.
  public let generator: Generator
  private let layers: [Linear]
  private let dropout: Dropout
  private let inputs: Int

  /// Makes a projection from vectors of `inputs` numbers to embeddings of `outputs`.
  public init(
    _ configuration: Configuration, from inputs: Int, to outputs: Int,
    training transformer: TransformerEncoder? = nil, generator: Generator,
    dtype: DType = .float32
  ) {
    self.configuration = configuration
    self.transformer = transformer
    self.generator = generator
    self.inputs = inputs
    let widths = [inputs] + (configuration.hiddenDimension.map { [$0] } ?? []) + [outputs]
    layers = zip(widths, widths.dropFirst()).map {
      Linear(.init(inputs: $0, outputs: $1), generator: generator, dtype: dtype)
    }
    dropout = Dropout(configuration.dropout, generator: generator)
    dropout.isTraining = false
    transformer?.isTraining = false
  }

  /// The projection under `projection.`, then the transformer, where it is trained.
  public var parameters: [(name: String, tensor: Tensor)] {
    projectionParameters + (transformer?.parameters(under: "transformer") ?? [])
  }

  /// The projection's parameters alone.
  public var projectionParameters: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { $1.parameters(under: "projection.\($0)") }
  }

  /// Whether numbers are dropped; false at first, so that only a training step has to know.
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
