public import Torch

/// Embeds time series with convolutions and an average over time.
///
/// Either one convolution per width, or one residual block per width with one convolution per
/// kernel:
///
///     hᵢ = relu(norm(Wᵢ ∗ hᵢ₋₁))                                                   plain
///     hᵢ = relu(norm(Wᵢ₃ ∗ relu(norm(Wᵢ₂ ∗ relu(norm(Wᵢ₁ ∗ hᵢ₋₁))))) + norm(Vᵢ ∗ hᵢ₋₁))   residual
///     z  = mean of h_K over time
///
/// - Paper: Wang, Yan, Oates. Time Series Classification from Scratch with Deep Neural Networks: A
///   Strong Baseline. IJCNN 2017, equations 2 and 3. <https://arxiv.org/abs/1611.06455>
/// - Gradient: reaches the series and all weights; in training also through the batch statistics.
/// - Units: none; embeddings are non-negative.
/// - Departures: kernels of 7, 5 and 3 where the paper has 8, 5 and 3: odd kernels preserve the
///   length with symmetric padding. Every residual block has a convolution in its shortcut; the
///   authors' code has only a normalisation if the width does not change.
/// - Degenerate: the padding of a shorter series counts like its values.
public final class SeriesEncoder: UnaryLayer, TrainingAware {
  /// The hyperparameters.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number of channels C of a series.
    public var channels: Int
    /// The output channels of each convolution or block; the last is the embedding dimension D.
    public var widths: [Int]
    /// The lengths of the filters, odd: one per width, or those of each residual block.
    public var kernels: [Int]
    /// Whether the network has residual connections.
    public var isResidual: Bool

    /// The defaults are the paper's plain network (FCN).
    public init(
      channels: Int = 1, widths: [Int] = [128, 256, 128], kernels: [Int] = [7, 5, 3],
      isResidual: Bool = false
    ) {
      self.channels = channels
      self.widths = widths
      self.kernels = kernels
      self.isResidual = isResidual
    }

    /// The paper's residual network.
    public static func residual(channels: Int = 1) -> Configuration {
      Configuration(channels: channels, widths: [64, 128, 128], isResidual: true)
    }
  }

  private struct Block {
    var convolutions: [NormalizedConvolution]
    var shortcut: NormalizedConvolution?
  }

  /// The hyperparameters.
  public let configuration: Configuration
  private let blocks: [Block]

  /// Creates an encoder with random weights.
  ///
  /// - Precondition: widths are given; kernels are odd; a plain network has one per width.
  public init(_ configuration: Configuration, generator: Generator, dtype: DType = .float32) {
    let (widths, kernels) = (configuration.widths, configuration.kernels)
    precondition(
      !widths.isEmpty && !kernels.isEmpty && kernels.allSatisfy { $0 % 2 == 1 }
        && (configuration.isResidual || kernels.count == widths.count),
      "kernels \(kernels) for the widths \(widths)")
    func convolution(_ inputs: Int, _ outputs: Int, _ kernel: Int) -> NormalizedConvolution {
      NormalizedConvolution(
        axes: 1, .init(inputs: inputs, outputs: outputs, kernel: kernel, padding: kernel / 2),
        generator: generator, dtype: dtype)
    }
    self.configuration = configuration
    blocks = zip([configuration.channels] + widths, widths).enumerated().map { index, pair in
      let (inputs, outputs) = pair
      guard configuration.isResidual else {
        return Block(convolutions: [convolution(inputs, outputs, kernels[index])])
      }
      let chain = kernels.enumerated().map {
        convolution($0.offset == 0 ? inputs : outputs, outputs, $0.element)
      }
      return Block(convolutions: chain, shortcut: convolution(inputs, outputs, 1))
    }
  }

  private var parts: [(name: String, layer: NormalizedConvolution)] {
    blocks.enumerated().flatMap { index, block in
      block.convolutions.enumerated().map { ("blocks.\(index).\($0.offset)", $0.element) }
        + (block.shortcut.map { [("blocks.\(index).shortcut", $0)] } ?? [])
    }
  }

  /// The weights: "blocks.0.0.convolution.weight", "blocks.0.0.norm.weight" and so on.
  public var parameters: [(name: String, tensor: Tensor)] {
    parts.flatMap { $0.layer.parameters(under: $0.name) }
  }

  /// The running statistics: "blocks.0.0.norm.running_mean" and so on.
  public var buffers: [(name: String, tensor: Tensor)] {
    parts.flatMap { $0.layer.buffers(under: $0.name) }
  }

  /// Whether normalisation uses batch statistics instead of running ones.
  public var isTraining = true {
    didSet { for (_, layer) in parts { layer.isTraining = isTraining } }
  }

  /// Embeds series: `[N, C, T]` → `[N, D]`.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    var h = input
    for block in blocks {
      var next = block.convolutions[0](h)
      for convolution in block.convolutions.dropFirst() { next = convolution(next.relu()) }
      h = (block.shortcut.map { next + $0(h) } ?? next).relu()
    }
    return h.globallyAveraged()
  }
}
