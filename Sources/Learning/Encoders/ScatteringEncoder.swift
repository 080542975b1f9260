public import Torch

/// Embeds pictures by a scattering transform and a small network behind it.
///
/// What stands at the beginning of other networks need not be learned: wavelets take its place, and
/// what is left to learn is small.
///
///     h₀ = relu(norm(W ∗ S(x)))
///     hᵢ = stage of residual blocks, without a stride
///     z  = h averaged over P × P fields, as one vector
///
/// - Paper: Kinakh, Taran, Voloshynovskiy. ScatSimCLR: self-supervised contrastive learning with
///   pretext task regularization for small-scale datasets. ICCV Workshops 2021, section 3.
///   <https://arxiv.org/abs/2108.13939>
/// - Gradient: reaches the pictures and the weights behind the transform; while training also
///   through the batch's means and variances.
/// - Units: none; embeddings are at least 0.
/// - Departures: the network is that of the authors' code for 8 blocks (`ScatSimCLR` with
///   `res_blocks` 8); a normalisation of the transform is made there and never used. Its head is
///   `ProjectionHead`; theirs has no normalisation.
public final class ScatteringEncoder: UnaryLayer, TrainingAware {
  /// What kind of encoder it is.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The transform, for pictures of one size.
    public var transform: ScatteringTransform.Configuration
    /// The channels C of a picture.
    public var channels: Int
    /// The channels behind the first convolution; 32, the authors' code's.
    public var width: Int
    /// The channels of each stage; [64, 128], the authors' code's.
    public var stages: [Int]
    /// The number of residual blocks in a stage; 4, the authors' code's.
    public var blocks: Int
    /// The fields P along each axis that are averaged over; 4, the authors' code's.
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

    /// The length D of an embedding.
    public var dimension: Int { (stages.last ?? width) * fields * fields }
  }

  /// What kind of encoder it is.
  public let configuration: Configuration
  /// What is not learned.
  public let transform: ScatteringTransform
  private let stem: NormalizedConvolution
  private let blocks: [ResidualBlock]

  /// Makes an encoder with random weights.
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

  /// Whether statistics are the batch's.
  public var isTraining = true {
    didSet {
      stem.isTraining = isTraining
      for block in blocks { block.isTraining = isTraining }
    }
  }

  /// Embeds pictures: `[N, C, H, W]` → `[N, D]`.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    embedding(ofTransformed: transform(input))
  }

  /// Embeds what the transform has made of pictures, which may be kept: `[N, C · paths, h, w]` →
  /// `[N, D]`.
  public func embedding(ofTransformed input: Tensor) -> Tensor {
    let h = blocks.reduce(stem(input).relu()) { $1($0) }
    let fields = [configuration.fields, configuration.fields]
    return Ops.averages(.tensor(h), .ints(fields)).reshaped([input.size(along: 0), -1])
  }

  private enum Ops {
    static let averages = Op("aten::adaptive_avg_pool2d")
  }
}
