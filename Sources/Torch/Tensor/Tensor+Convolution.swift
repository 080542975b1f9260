// Windows over series `[N, C, L]` and images `[N, C, H, W]`; those over images are square.

extension Tensor {
  /// The inner products of each window with the filters `weight`: a convolution.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, C / groups, K]` for series, `[outputs, C / groups, K, K]` for images.
  ///   - bias: `[outputs]`, or nil.
  ///   - stride: the distance between consecutive windows.
  ///   - padding: the number of zeros added at both ends of every axis.
  ///   - dilation: the distance between the elements of a window.
  ///   - groups: the number of groups of channels; filters see only their group.
  /// - Returns: `[N, outputs, L′]` or `[N, outputs, H′, W′]`, with
  ///   L′ = ⌊(L + 2 padding − dilation (K − 1) − 1) / stride⌋ + 1.
  /// - Precondition: the tensor holds series or images, and filters have as many axes.
  public func convolved(
    _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1
  ) -> Tensor {
    let axes = requireWindows("a convolution")
    precondition(
      weight.dimensionCount == axes + 2, "filters of shape \(weight.shape) for \(shape)")
    return (axes == 1 ? Ops.convolution1d : Ops.convolution2d)(
      .tensor(self), .tensor(weight), .optional(bias), .ints(.init(repeating: stride, count: axes)),
      .ints(.init(repeating: padding, count: axes)),
      .ints(.init(repeating: dilation, count: axes)), .int(groups))
  }

  /// The largest element of each window.
  ///
  /// - Parameters:
  ///   - window: the length of a window along every axis.
  ///   - stride: the distance between consecutive windows; nil means the length of a window.
  ///   - padding: the number of elements of −∞ added at both ends, at most half a window.
  /// - Returns: `[N, C, L′]` or `[N, C, H′, W′]`; incomplete windows at the end are dropped.
  /// - Precondition: the tensor holds series or images.
  public func maxPooled(window: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
    let axes = requireWindows("a pooling")
    return (axes == 1 ? Ops.maximum1d : Ops.maximum2d)(
      .tensor(self), .ints(.init(repeating: window, count: axes)),
      .ints(.init(repeating: stride ?? window, count: axes)),
      .ints(.init(repeating: padding, count: axes)))
  }

  /// The mean of each window; padding counts as zeros.
  ///
  /// - Parameters:
  ///   - window: the length of a window along every axis.
  ///   - stride: the distance between consecutive windows; nil means the length of a window.
  ///   - padding: the number of zeros added at both ends, at most half a window.
  /// - Returns: `[N, C, L′]` or `[N, C, H′, W′]`; incomplete windows at the end are dropped.
  /// - Precondition: the tensor holds series or images.
  public func averagePooled(window: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
    let axes = requireWindows("a pooling")
    return (axes == 1 ? Ops.mean1d : Ops.mean2d)(
      .tensor(self), .ints(.init(repeating: window, count: axes)),
      .ints(.init(repeating: stride ?? window, count: axes)),
      .ints(.init(repeating: padding, count: axes)))
  }

  /// The mean over all positions, one number per channel: `[N, C, …]` → `[N, C]`.
  ///
  /// - Precondition: the tensor holds series or images.
  public func globallyAveraged() -> Tensor {
    _ = requireWindows("a pooling")
    return Ops.meanAlong(self, Array(2..<dimensionCount), false)
  }

  /// Normalises channels to mean 0 and variance 1, then computes `· weight + bias`.
  ///
  /// - Parameters:
  ///   - weight: `[C]`, or nil for 1.
  ///   - bias: `[C]`, or nil for 0.
  ///   - runningMean: `[C]`: used if `isTraining` is false; if it is true, moved towards the
  ///     batch's in place. Nil keeps none and requires `isTraining`.
  ///   - runningVariance: `[C]`, likewise; moved towards the batch's unbiased variance.
  ///   - momentum: the weight of the new value in the running statistics.
  ///   - epsilon: added to the variance before taking the root.
  ///   - isTraining: whether to use the batch's mean and variance, over all axes but the second.
  public func batchNormalized(
    weight: Tensor? = nil, bias: Tensor? = nil, runningMean: Tensor? = nil,
    runningVariance: Tensor? = nil,
    momentum: Double = 0.1, epsilon: Double = 1e-5, isTraining: Bool
  ) -> Tensor {
    Ops.batchNorm(
      .tensor(self), .optional(weight), .optional(bias), .optional(runningMean),
      .optional(runningVariance), .bool(isTraining), .double(momentum), .double(epsilon),
      .bool(true))
  }

  /// The number of axes that windows move along.
  private func requireWindows(_ what: String) -> Int {
    let axes = dimensionCount - 2
    precondition(
      axes == 1 || axes == 2, "\(what) of shape \(shape), expected [N, C, L] or [N, C, H, W]")
    return max(axes, 1)
  }

  private enum Ops {
    static let convolution1d = Op("aten::conv1d")
    static let convolution2d = Op("aten::conv2d")
    static let maximum1d = Op("aten::max_pool1d")
    static let maximum2d = Op("aten::max_pool2d")
    static let mean1d = Op("aten::avg_pool1d")
    static let mean2d = Op("aten::avg_pool2d")
    static let meanAlong = Op("aten::mean", "dim")
    static let batchNorm = Op("aten::batch_norm")
  }
}
