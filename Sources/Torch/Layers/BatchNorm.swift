/// Channels shifted to mean 0 and scaled to variance 1 over the batch, then scaled and shifted as
/// learned.
///
///     y = (x − mean(x)) / √(var(x) + ε) · γ + β
///
/// For vectors `[N, C]`, series `[N, C, L]` and images `[N, C, H, W]`: mean and variance of a
/// channel go over all axes but the second. While training they are the batch's, with the variance
/// of the elements themselves; afterwards the running ones, which every pass in training moves
/// towards the batch's (there the variance is the unbiased one).
///
/// - Source: Ioffe, Szegedy. Batch Normalization: Accelerating Deep Network Training by Reducing
///   Internal Covariate Shift. ICML 2015, algorithms 1 and 2. <https://arxiv.org/abs/1502.03167>
/// - Departures: running averages, not the averages over many batches of the paper's algorithm 2,
///   as everywhere today.
public final class BatchNorm: UnaryLayer, TrainingAware {
  /// The shape and behaviour of a batch normalisation.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The number C of channels.
    public var channels: Int
    /// What is added to the variance (ε); 1e-5 as in PyTorch.
    public var epsilon: Double
    /// How far the running statistics move: the share of the new value; 0.1 as in PyTorch.
    public var momentum: Double
    /// Whether there are a scale γ and a shift β.
    public var isAffine: Bool

    /// A normalisation of `channels` channels.
    public init(
      channels: Int, epsilon: Double = 1e-5, momentum: Double = 0.1, isAffine: Bool = true
    ) {
      self.channels = channels
      self.epsilon = epsilon
      self.momentum = momentum
      self.isAffine = isAffine
    }
  }

  /// The shape and behaviour of the layer.
  public let configuration: Configuration
  /// The scale γ, `[C]`.
  public let weight: Tensor?
  /// The shift β, `[C]`.
  public let bias: Tensor?
  /// The running mean, `[C]`.
  public let runningMean: Tensor
  /// The running variance, `[C]`.
  public let runningVariance: Tensor
  /// Whether the statistics are the batch's.
  public var isTraining = true

  /// A layer that only normalises at first: γ = 1, β = 0, and running statistics of 0 and 1.
  public init(_ configuration: Configuration, dtype: DType = .float32) {
    self.configuration = configuration
    let shape = [configuration.channels]
    weight = configuration.isAffine ? Tensor.ones(shape, dtype: dtype).requiringGradient() : nil
    bias = configuration.isAffine ? Tensor.zeros(shape, dtype: dtype).requiringGradient() : nil
    runningMean = .zeros(shape, dtype: dtype)
    runningVariance = .ones(shape, dtype: dtype)
  }

  /// `weight` and `bias`, where there are any.
  public var parameters: [(name: String, tensor: Tensor)] {
    (weight.map { [("weight", $0)] } ?? []) + (bias.map { [("bias", $0)] } ?? [])
  }

  /// `running_mean` and `running_var`, PyTorch's names.
  public var buffers: [(name: String, tensor: Tensor)] {
    [("running_mean", runningMean), ("running_var", runningVariance)]
  }

  /// Applies the layer: `[N, C, …]` → `[N, C, …]`.
  ///
  /// - Precondition: while training there is more than one value a channel.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      !isTraining || input.elementCount > configuration.channels,
      "one value a channel (\(input.shape)) has no variance to train with")
    return input.batchNormalized(
      weight: weight, bias: bias, runningMean: runningMean, runningVariance: runningVariance,
      momentum: configuration.momentum, epsilon: configuration.epsilon, isTraining: isTraining)
  }
}
