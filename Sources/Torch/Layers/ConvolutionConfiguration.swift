/// The shape of a convolution, whether over series or over images.
public struct ConvolutionConfiguration: Codable, Hashable, Sendable {
  /// The number of channels that come in.
  public var inputs: Int
  /// The number of channels that go out: of filters.
  public var outputs: Int
  /// The length K of a filter along every axis.
  public var kernel: Int
  /// The distance from one window to the next.
  public var stride: Int
  /// Zeros on either side of every axis.
  public var padding: Int
  /// The distance between the elements of a window.
  public var dilation: Int
  /// Into how many parts the channels fall that do not see each other.
  public var groups: Int
  /// Whether there is an offset a filter.
  public var hasBias: Bool

  /// Filters of length `kernel` from `inputs` channels to `outputs`.
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

  /// Random weights, drawn evenly from ±1 / √(numbers a filter sees) as PyTorch does, filters
  /// before offsets.
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

  /// Ends the process unless weights are of this shape.
  func require(weight: Tensor, bias: Tensor?, axes: Int) {
    let window = [Int](repeating: kernel, count: axes)
    precondition(
      weight.shape == [outputs, inputs / max(groups, 1)] + window
        && (bias == nil) == !hasBias && (bias.map { $0.shape == [outputs] } ?? true),
      "filters \(weight.shape) with offsets \(bias?.shape ?? []) for \(self)")
  }
}
