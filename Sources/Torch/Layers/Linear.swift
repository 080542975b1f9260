/// A linear layer: y = x Wᵀ + b.
public final class Linear: UnaryLayer, Sendable {
  /// The size and options of a linear layer.
  public struct Configuration: Codable, Hashable, Sendable {
    /// The length of an input vector.
    public var inputs: Int
    /// The length of an output vector.
    public var outputs: Int
    /// Whether there is a bias b.
    public var hasBias: Bool

    /// Creates a configuration of a layer from `inputs` numbers to `outputs`.
    public init(inputs: Int, outputs: Int, hasBias: Bool = true) {
      self.inputs = inputs
      self.outputs = outputs
      self.hasBias = hasBias
    }
  }

  /// W, `[outputs, inputs]`.
  public let weight: Tensor
  /// The bias b, `[outputs]`.
  public let bias: Tensor?

  /// Creates a layer from the given weights, which it trains in place.
  ///
  /// - Precondition: `weight` is `[outputs, inputs]`, `bias` `[outputs]`.
  public init(weight: Tensor, bias: Tensor? = nil) {
    precondition(
      weight.dimensionCount == 2 && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
      "weight \(weight.shape) with bias \(bias?.shape ?? []), expected [outputs, inputs], [outputs]"
    )
    self.weight = weight.requiringGradient()
    self.bias = bias?.requiringGradient()
  }

  /// Creates a layer with random weights, uniform in ±1 / √inputs as in PyTorch, W drawn before b.
  public convenience init(
    _ configuration: Configuration, generator: Generator, dtype: DType = .float32
  ) {
    let bound = 1 / Double(max(configuration.inputs, 1)).squareRoot()
    let weight = Tensor.uniform(
      [configuration.outputs, configuration.inputs], in: -bound..<bound, generator: generator,
      dtype: dtype)
    let bias =
      configuration.hasBias
      ? Tensor.uniform(
        [configuration.outputs], in: -bound..<bound, generator: generator, dtype: dtype) : nil
    self.init(weight: weight, bias: bias)
  }

  /// Creates a layer from `inputs` numbers to `outputs` with random weights.
  public convenience init(
    from inputs: Int, to outputs: Int, hasBias: Bool = true, generator: Generator
  ) {
    self.init(
      Configuration(inputs: inputs, outputs: outputs, hasBias: hasBias), generator: generator)
  }

  /// A layer with copies of the weights of the first `outputs` outputs.
  ///
  /// - Precondition: the layer has as many.
  public func truncated(to outputs: Int) -> Linear {
    precondition(
      0...weight.size(along: 0) ~= outputs, "\(outputs) of \(weight.size(along: 0)) outputs")
    return Linear(
      weight: weight.detached()[0..<outputs].copied(),
      bias: bias.map { $0.detached()[0..<outputs].copied() })
  }

  /// `weight`, and `bias` if the layer has one.
  public var parameters: [(name: String, tensor: Tensor)] {
    [("weight", weight)] + (bias.map { [("bias", $0)] } ?? [])
  }

  /// Applies the layer: `[…, inputs]` → `[…, outputs]`.
  public func callAsFunction(_ input: Tensor) -> Tensor { input.linear(weight, bias) }
}
