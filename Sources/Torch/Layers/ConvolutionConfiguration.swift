/// The sizes and options of a convolution over series or images.
public struct ConvolutionConfiguration: Codable, Hashable, Sendable {
  /// The number of input channels.
  public var inputs: Int
  /// The number of output channels, which is the number of filters.
  public var outputs: Int
  /// The length K of a filter along every axis.
  public var kernel: Int
  /// The distance between consecutive windows.
  public var stride: Int
  /// The number of zeros added at both ends of every axis.
  public var padding: Int
  /// The distance between the elements of a window.
  public var dilation: Int
  /// The number of groups of channels; filters see only their group.
  public var groups: Int
  /// Whether every filter has a bias.
  public var hasBias: Bool

  /// Creates a configuration with filters of length `kernel`, from `inputs` to `outputs` channels.
  public init(
    inputs: Int, outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, hasBias: Bool = true
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.hasBias = hasBias
  }

  /// Random weights, uniform in ±1 / √(inputs of a filter) as in PyTorch, filters before biases.
  ///
  /// - Parameter axes: the number of axes that filters slide over.
  /// - Precondition: `groups` divides both numbers of channels.
  func draw(axes: Int, generator: Generator, dtype: DType) -> (weight: Tensor, bias: Tensor?) {
    precondition(
      groups >= 1 && inputs % groups == 0 && outputs % groups == 0,
      "\(groups) groups of \(inputs) and \(outputs) channels")
    let window = [Int](repeating: kernel, count: axes)
    let seen = window.reduce(inputs / groups, *)
    let bound = 1 / Double(max(seen, 1)).squareRoot()
    let weight = Tensor.uniform(
      [outputs, inputs / groups] + window, in: -bound..<bound, generator: generator, dtype: dtype)
    let bias =
      hasBias
      ? Tensor.uniform([outputs], in: -bound..<bound, generator: generator, dtype: dtype) : nil
    return (weight, bias)
  }

  /// Traps unless the weights have this configuration's shape.
  func require(weight: Tensor, bias: Tensor?, axes: Int) {
    let window = [Int](repeating: kernel, count: axes)
    precondition(
      weight.shape == [outputs, inputs / max(groups, 1)] + window
        && (bias == nil) == !hasBias && (bias.map { $0.shape == [outputs] } ?? true),
      "filters \(weight.shape) with biases \(bias?.shape ?? []) for \(self)")
  }
}
