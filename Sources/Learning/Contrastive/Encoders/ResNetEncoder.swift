public import Torch

/// Embeds images with a residual network, the encoder of most papers on contrastive learning.
///
/// Every stage of residual blocks but the first halves the resolution and doubles the channels; the
/// final maps are averaged over positions. The defaults give ResNet-18 as papers adapt it to CIFAR:
/// the first convolution is 3 × 3 with stride 1, without max pooling.
///
/// - Paper: He, Zhang, Ren, Sun. Deep Residual Learning for Image Recognition. CVPR 2016, table 1
///   and section 3.3. <https://arxiv.org/abs/1512.03385>
/// - Gradient: reaches the images and all weights; in training also through the batch statistics.
/// - Units: none; embeddings are non-negative.
/// - Departures: no classification layer. The stem for small images is that of SimCLR's code
///   (`cifar_stem`) and of SimSiam's appendix. Weights are named as in torchvision.
public final class ResNetEncoder: UnaryLayer, TrainingAware {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number of image channels C.
    public var channels: Int
    /// The channels of the first stage; each further stage doubles them.
    public var width: Int
    /// The number of blocks in each stage; [2, 2, 2, 2] is ResNet-18, [3, 4, 6, 3] ResNet-34.
    public var blocks: [Int]

    /// The defaults are the paper's ResNet-18.
    public init(channels: Int = 3, width: Int = 64, blocks: [Int] = [2, 2, 2, 2]) {
      self.channels = channels
      self.width = width
      self.blocks = blocks
    }

    /// The embedding dimension D.
    public var dimension: Int { width << (blocks.count - 1) }
  }

  /// The hyperparameters.
  public let configuration: Configuration
  private let stem: NormalizedConvolution
  private let blocks: [(name: String, block: ResidualBlock)]

  /// Creates a network with random weights.
  ///
  /// - Precondition: the network has at least one stage.
  public init(_ configuration: Configuration, generator: Generator, dtype: DType = .float32) {
    precondition(!configuration.blocks.isEmpty, "the network has no stages")
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

  /// The weights, named as in torchvision: "conv1.weight", "bn1.weight", "layer1.0.conv1.weight"
  /// and so on.
  public var parameters: [(name: String, tensor: Tensor)] {
    stem.parameters + blocks.flatMap { $0.block.parameters(under: $0.name) }
  }

  /// The running statistics: "bn1.running_mean" and so on.
  public var buffers: [(name: String, tensor: Tensor)] {
    stem.buffers + blocks.flatMap { $0.block.buffers(under: $0.name) }
  }

  /// Whether normalisation uses batch statistics instead of running ones.
  public var isTraining = true {
    didSet {
      stem.isTraining = isTraining
      for (_, block) in blocks { block.isTraining = isTraining }
    }
  }

  /// The feature maps before averaging: `[N, C, H, W]` → `[N, D, H′, W′]`.
  public func maps(of input: Tensor) -> Tensor {
    blocks.reduce(stem(input).relu()) { $1.block($0) }
  }

  /// Embeds images: `[N, C, H, W]` → `[N, D]`.
  public func callAsFunction(_ input: Tensor) -> Tensor { maps(of: input).globallyAveraged() }
}
