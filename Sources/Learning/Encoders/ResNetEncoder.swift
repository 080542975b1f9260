public import Torch

/// Embeds pictures with a residual network: the encoder of most papers on contrastive learning.
///
/// Stages of residual blocks; the first block of each stage but the first halves the picture and
/// doubles the channels. What is left is averaged over the places. With the defaults it is
/// ResNet-18 as the papers have it for CIFAR: the first convolution sees windows of 3 × 3 without a
/// stride, and no pooling follows.
///
/// - Paper: He, Zhang, Ren, Sun. Deep Residual Learning for Image Recognition. CVPR 2016, table 1
///   and section 3.3. <https://arxiv.org/abs/1512.03385>
/// - Gradient: reaches the pictures and all weights; while training also through the batch's means
///   and variances.
/// - Units: none; embeddings are at least 0.
/// - Departures: no layer for classes at the end. The stem for small pictures is that of SimCLR's
///   code (`cifar_stem`) and of SimSiam's appendix. Names of the weights are those of torchvision.
public final class ResNetEncoder: UnaryLayer, TrainingAware {
  /// What kind of network it is.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The channels C of a picture.
    public var channels: Int
    /// The channels of the first stage; each further stage has twice as many.
    public var width: Int
    /// The number of blocks in each stage; [2, 2, 2, 2] is ResNet-18, [3, 4, 6, 3] ResNet-34.
    public var blocks: [Int]

    /// The defaults are the paper's ResNet-18.
    public init(channels: Int = 3, width: Int = 64, blocks: [Int] = [2, 2, 2, 2]) {
      self.channels = channels
      self.width = width
      self.blocks = blocks
    }

    /// The length D of an embedding.
    public var dimension: Int { width << (blocks.count - 1) }
  }

  /// What kind of network it is.
  public let configuration: Configuration
  private let stem: NormalizedConvolution
  private let blocks: [(name: String, block: ResidualBlock)]

  /// Makes a network with random weights.
  ///
  /// - Precondition: there is at least one stage.
  public init(_ configuration: Configuration, generator: Generator, dtype: DType = .float32) {
    precondition(!configuration.blocks.isEmpty, "a network without stages")
    self.configuration = configuration
    stem = NormalizedConvolution(
      axes: 2,
      .init(inputs: configuration.channels, outputs: configuration.width, kernel: 3, padding: 1),
      names: ("conv1", "bn1"), generator: generator, dtype: dtype)
    var blocks: [(name: String, block: ResidualBlock)] = []
    var inputs = configuration.width
    for (stage, count) in configuration.blocks.enumerated() {
      let outputs = configuration.width << stage
      for place in 0..<count {
        let block = ResidualBlock(
          from: inputs, to: outputs, stride: stage > 0 && place == 0 ? 2 : 1,
          generator: generator, dtype: dtype)
        blocks.append(("layer\(stage + 1).\(place)", block))
        inputs = outputs
      }
    }
    self.blocks = blocks
  }

  /// The weights by torchvision's names: "conv1.weight", "bn1.weight", "layer1.0.conv1.weight" and
  /// so on.
  public var parameters: [(name: String, tensor: Tensor)] {
    stem.parameters + blocks.flatMap { $0.block.parameters(under: $0.name) }
  }

  /// The running statistics: "bn1.running_mean" and so on.
  public var buffers: [(name: String, tensor: Tensor)] {
    stem.buffers + blocks.flatMap { $0.block.buffers(under: $0.name) }
  }

  /// Whether statistics are the batch's.
  public var isTraining = true {
    didSet {
      stem.isTraining = isTraining
      for (_, block) in blocks { block.isTraining = isTraining }
    }
  }

  /// The maps that embeddings are the mean of: `[N, C, H, W]` → `[N, D, H′, W′]`.
  public func maps(of input: Tensor) -> Tensor {
    blocks.reduce(stem(input).relu()) { $1.block($0) }
  }

  /// Embeds pictures: `[N, C, H, W]` → `[N, D]`.
  public func callAsFunction(_ input: Tensor) -> Tensor { maps(of: input).globallyAveraged() }
}
