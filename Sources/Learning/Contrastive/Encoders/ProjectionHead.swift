public import Torch

/// A small network between the encoder and a contrastive loss, discarded after training.
///
/// Whatever the loss makes the vectors invariant to is lost for downstream tasks; the head absorbs
/// that loss, so the encoder keeps the information. It has K linear maps, each normalised over the
/// batch and all but the last followed by a rectifier:
///
///     hᵢ = relu(norm(Wᵢ hᵢ₋₁))     i = 1 … K − 1
///     z  = W_K h_K₋₁               normalised according to `output`
///
/// A head can also be cut: SimCLRv2 fine-tunes from the middle of its head (`prefix`).
///
/// - Paper: Chen, Kornblith, Norouzi, Hinton. A Simple Framework for Contrastive Learning of Visual
///   Representations. ICML 2020, section 4.2. <https://arxiv.org/abs/2002.05709>
/// - Gradient: reaches the vectors and all weights; in training also through the batch statistics.
/// - Units: none.
/// - Departures: the paper's formula has no normalisation; the authors' code normalises after every
///   map, the last time with a scale but no shift. Here the last one has both or neither. BYOL's
///   code has a bias before its normalisation, which cannot have an effect and is left out.
public final class ProjectionHead: UnaryLayer, TrainingAware {
  /// The operation after the last map.
  public enum Output: String, Codable, Hashable, Sendable, CaseIterable {
    /// None; the map has no bias.
    case plain
    /// None; the map has a bias.
    case offset
    /// Batch normalisation.
    case normalized
    /// Batch normalisation with a learnt scale and shift.
    case affine
  }

  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The dimension of the encoder's vectors.
    public var inputs: Int
    /// The dimension of the hidden layers.
    public var hidden: Int
    /// The dimension of a projection.
    public var outputs: Int
    /// The number K of linear maps.
    public var layers: Int
    /// The operation after the last map.
    public var output: Output

    /// Creates the configuration of a head with `layers` maps.
    public init(inputs: Int, hidden: Int, outputs: Int, layers: Int = 2, output: Output = .plain) {
      self.inputs = inputs
      self.hidden = hidden
      self.outputs = outputs
      self.layers = layers
      self.output = output
    }

    /// SimCLR's head: hidden layers as wide as the encoder's vectors, 128 outputs; version 2 has
    /// three layers.
    public static func simCLR(inputs: Int, outputs: Int = 128, layers: Int = 2) -> Self {
      Self(inputs: inputs, hidden: inputs, outputs: outputs, layers: layers, output: .affine)
    }

    /// BYOL's projector; with `inputs` equal to `outputs` also its predictor.
    ///
    /// - Source: Grill et al. Bootstrap your own latent. NeurIPS 2020, section 3.3.
    ///   <https://arxiv.org/abs/2006.07733>
    public static func byol(inputs: Int, hidden: Int = 4096, outputs: Int = 256) -> Self {
      Self(inputs: inputs, hidden: hidden, outputs: outputs)
    }

    /// SimSiam's projector.
    ///
    /// - Source: Chen, He. Exploring Simple Siamese Representation Learning. CVPR 2021, section 3.
    ///   <https://arxiv.org/abs/2011.10566>
    public static func simSiam(inputs: Int, outputs: Int = 2048) -> Self {
      Self(inputs: inputs, hidden: inputs, outputs: outputs, layers: 3, output: .normalized)
    }

    /// SimSiam's predictor, whose hidden layer is a bottleneck of a quarter of the width.
    public static func simSiamPredictor(width: Int = 2048) -> Self {
      Self(inputs: width, hidden: width / 4, outputs: width, output: .offset)
    }
  }

  private struct Step {
    var linear: Linear
    var norm: BatchNorm?
    var isRectified: Bool
  }

  /// The hyperparameters.
  public let configuration: Configuration
  private let steps: [Step]

  /// Creates a head with random weights.
  ///
  /// - Precondition: the head has at least one layer.
  public init(_ configuration: Configuration, generator: Generator, dtype: DType = .float32) {
    let count = configuration.layers
    precondition(count >= 1, "a head of \(count) layers")
    self.configuration = configuration
    let (hidden, output) = (configuration.hidden, configuration.output)
    steps = (0..<count).map { place in
      let isLast = place == count - 1
      let width = isLast ? configuration.outputs : hidden
      let linear = Linear(
        .init(
          inputs: place == 0 ? configuration.inputs : hidden, outputs: width,
          hasBias: isLast && output == .offset), generator: generator, dtype: dtype)
      let isNormalized = !isLast || output == .normalized || output == .affine
      let norm = BatchNorm(
        .init(channels: width, isAffine: !isLast || output == .affine), dtype: dtype)
      return Step(linear: linear, norm: isNormalized ? norm : nil, isRectified: !isLast)
    }
  }

  private init(_ configuration: Configuration, steps: [Step]) {
    self.configuration = configuration
    self.steps = steps
  }

  /// The first `count` layers as a head that shares their weights.
  ///
  /// SimCLRv2 fine-tunes from the first of its three layers (Chen, Kornblith, Swersky, Norouzi,
  /// Hinton. Big Self-Supervised Models are Strong Semi-Supervised Learners. NeurIPS 2020, section
  /// 2. <https://arxiv.org/abs/2006.10029>).
  ///
  /// - Precondition: `count` is in `1 ... layers`.
  public func prefix(_ count: Int) -> ProjectionHead {
    precondition((1...steps.count).contains(count), "\(count) of \(steps.count) layers")
    if count == steps.count { return ProjectionHead(configuration, steps: steps) }
    var shorter = configuration
    shorter.layers = count
    shorter.outputs = configuration.hidden
    shorter.output = .affine
    return ProjectionHead(shorter, steps: Array(steps.prefix(count)))
  }

  /// The weights: "0.linear.weight", "0.norm.weight" and so on.
  public var parameters: [(name: String, tensor: Tensor)] {
    steps.enumerated().flatMap {
      $1.linear.parameters(under: "\($0).linear") + ($1.norm?.parameters(under: "\($0).norm") ?? [])
    }
  }

  /// The running statistics: "0.norm.running_mean" and so on.
  public var buffers: [(name: String, tensor: Tensor)] {
    steps.enumerated().flatMap { $1.norm?.buffers(under: "\($0).norm") ?? [] }
  }

  /// Whether normalisation uses batch statistics instead of running ones.
  public var isTraining = true {
    didSet { for step in steps { step.norm?.isTraining = isTraining } }
  }

  /// Projects vectors: `[N, inputs]` → `[N, outputs]`, without scaling them to unit length.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    steps.reduce(input) { h, step in
      let next = step.linear(h)
      let normalized = step.norm?(next) ?? next
      return step.isRectified ? normalized.relu() : normalized
    }
  }
}
