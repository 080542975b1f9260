public import Torch

/// Embeds images with a scattering transform followed by a small network.
///
/// The early layers of a network need not be learnt: wavelets replace them, and few weights are
/// left to learn.
///
///     h₀ = relu(norm(W ∗ S(x)))
///     hᵢ = stage of residual blocks, without a stride
///     z  = h averaged over P × P regions, flattened
///
/// - Paper: Kinakh, Taran, Voloshynovskiy. ScatSimCLR: self-supervised contrastive learning with
///   pretext task regularization for small-scale datasets. ICCV Workshops 2021, section 3.
///   <https://arxiv.org/abs/2108.13939>
/// - Gradient: reaches the images and the weights after the transform; in training also through the
///   batch statistics.
/// - Units: none; embeddings are non-negative.
/// - Departures: the network is that of the authors' code for 8 blocks (`ScatSimCLR` with
///   `res_blocks` 8), which creates a normalisation of the transform but never uses it. The head is
///   `ProjectionHead`; theirs has no normalisation.
public final class ScatteringEncoder: UnaryLayer, TrainingAware {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The transform, for images of a fixed size.
    public var transform: ScatteringTransform.Configuration
    /// The number of image channels C.
    public var channels: Int
    /// The output channels of the first convolution; default 32, from the authors' code.
    public var width: Int
    /// The channels of each stage; default [64, 128], from the authors' code.
    public var stages: [Int]
    /// The number of residual blocks per stage; default 4, from the authors' code.
    public var blocks: Int
    /// The number P of regions along each axis for the final average; default 4, from the authors'
    /// code.
    public var fields: Int

    /// The defaults are those of the authors' code.
    public init(
      transform: ScatteringTransform.Configuration, channels: Int = 3, width: Int = 32,
      stages: [Int] = [64, 128], blocks: Int = 4, fields: Int = 4
    ) {
      self.transform = transform
      self.channels = channels
      self.width = width
      self.stages = stages
      self.blocks = blocks
      self.fields = fields
    }

    /// The embedding dimension D.
    public var dimension: Int { (stages.last ?? width) * fields * fields }
  }

  /// The hyperparameters.
  public let configuration: Configuration
  /// The fixed transform.
  public let transform: ScatteringTransform
  private let stem: NormalizedConvolution
  private let blocks: [ResidualBlock]

  /// Creates an encoder with random weights.
  public init(_ configuration: Configuration, generator: Generator, dtype: DType = .float32) {
    self.configuration = configuration
    transform = ScatteringTransform(configuration.transform, dtype: dtype)
    stem = NormalizedConvolution(
      axes: 2,
      .init(
        inputs: configuration.channels * configuration.transform.pathCount,
        outputs: configuration.width, kernel: 3, padding: 1), names: ("conv", "bn"),
      generator: generator, dtype: dtype)
    var blocks: [ResidualBlock] = []
    var inputs = configuration.width
    for outputs in configuration.stages {
      for _ in 0..<configuration.blocks {
        blocks.append(
          ResidualBlock(
            from: inputs, to: outputs, stride: 1, generator: generator, dtype: dtype))
        inputs = outputs
      }
    }
    self.blocks = blocks
  }

  /// The weights: "conv.weight", "bn.weight", "blocks.0.conv1.weight" and so on.
  public var parameters: [(name: String, tensor: Tensor)] {
    stem.parameters + blocks.enumerated().flatMap { $1.parameters(under: "blocks.\($0)") }
  }

  /// The running statistics: "bn.running_mean" and so on.
  public var buffers: [(name: String, tensor: Tensor)] {
    stem.buffers + blocks.enumerated().flatMap { $1.buffers(under: "blocks.\($0)") }
  }

  /// Whether normalisation uses batch statistics instead of running ones.
  public var isTraining = true {
    didSet {
      stem.isTraining = isTraining
      for block in blocks { block.isTraining = isTraining }
    }
  }

  /// Embeds images: `[N, C, H, W]` → `[N, D]`.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    embedding(ofTransformed: transform(input))
  }

  /// Embeds transformed images, which can be cached: `[N, C · paths, h, w]` → `[N, D]`.
  public func embedding(ofTransformed input: Tensor) -> Tensor {
    let h = blocks.reduce(stem(input).relu()) { $1($0) }
    let fields = [configuration.fields, configuration.fields]
    return Ops.averages(.tensor(h), .ints(fields)).reshaped([input.size(along: 0), -1])
  }

  private enum Ops {
    static let averages = Op("aten::adaptive_avg_pool2d")
  }
}
