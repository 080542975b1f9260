/// Normalises each channel to mean 0 and variance 1 over the batch, then applies a learned scale
/// and shift.
///
///     y = (x − mean(x)) / √(var(x) + ε) · γ + β
///
/// For vectors `[N, C]`, series `[N, C, L]` and images `[N, C, H, W]`: mean and variance of a
/// channel are taken over all axes but the second. In training they are the batch's, with the
/// population variance. In evaluation they are the running statistics, which every training pass
/// moves towards the batch's (there with the unbiased variance).
///
/// - Source: Ioffe, Szegedy. Batch Normalization: Accelerating Deep Network Training by Reducing
///   Internal Covariate Shift. ICML 2015, algorithms 1 and 2. <https://arxiv.org/abs/1502.03167>
/// - Departures: running averages, not the averages over many batches of the paper's algorithm 2,
///   as in all current libraries.
public final class BatchNorm: UnaryLayer, TrainingAware {
  /// The number of channels and the options of a batch normalisation.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number C of channels.
    public var channels: Int
    /// The number ε that is added to the variance; 1e-5 as in PyTorch.
    public var epsilon: Double
    /// The weight of the new value in the running statistics; 0.1 as in PyTorch.
    public var momentum: Double
    /// Whether there are a learned scale γ and shift β.
    public var isAffine: Bool

    /// Creates a configuration for `channels` channels.
    public init(
      channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1, isAffine: Bool = true
    ) {
      self.channels = channels
      self.epsilon = epsilon
      self.momentum = momentum
      self.isAffine = isAffine
    }
  }

  /// The layer's configuration.
  public let configuration: Configuration
  /// The scale γ, `[C]`.
  public let weight: Tensor?
  /// The shift β, `[C]`.
  public let bias: Tensor?
  /// The running mean, `[C]`.
  public let runningMean: Tensor
  /// The running variance, `[C]`.
  public let runningVariance: Tensor
  /// Whether the layer normalises with the batch's statistics.
  public var isTraining = true

  /// Creates a layer with γ = 1, β = 0, running mean 0 and running variance 1.
  public init(_ configuration: Configuration, dtype: DType = .float32) {
    self.configuration = configuration
    let shape = [configuration.channels]
    weight = configuration.isAffine ? Tensor.ones(shape, dtype: dtype).requiringGradient() : nil
    bias = configuration.isAffine ? Tensor.zeros(shape, dtype: dtype).requiringGradient() : nil
    runningMean = .zeros(shape, dtype: dtype)
    runningVariance = .ones(shape, dtype: dtype)
  }

  /// `weight` and `bias`, if the layer has them.
  public var parameters: [(name: String, tensor: Tensor)] {
    (weight.map { [("weight", $0)] } ?? []) + (bias.map { [("bias", $0)] } ?? [])
  }

  /// `running_mean` and `running_var`, as PyTorch names them.
  public var buffers: [(name: String, tensor: Tensor)] {
    [("running_mean", runningMean), ("running_var", runningVariance)]
  }

  /// Applies the layer: `[N, C, …]` → `[N, C, …]`.
  ///
  /// - Precondition: in training there is more than one value per channel.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      !isTraining || input.elementCount > configuration.channels,
      "a batch with one value per channel (\(input.shape)) has no variance")
    return input.batchNormalized(
      weight: weight, bias: bias, runningMean: runningMean, runningVariance: runningVariance,
      momentum: configuration.momentum, epsilon: configuration.epsilon, isTraining: isTraining)
  }
}
