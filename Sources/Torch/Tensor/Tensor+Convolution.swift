// Windows that slide over series `[N, C, L]` and images `[N, C, H, W]`; those over images are
// square.

extension Tensor {
  /// Each window's inner products with the filters `weight`.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, C / groups, K]` for series, `[outputs, C / groups, K, K]` for images.
  ///   - bias: `[outputs]`, or nil.
  ///   - stride: the distance from one window to the next.
  ///   - padding: zeros on either side of every axis.
  ///   - dilation: the distance between the elements of a window.
  ///   - groups: into how many parts the channels fall that do not see each other.
  /// - Returns: `[N, outputs, L′]` or `[N, outputs, H′, W′]`, with
  ///   L′ = ⌊(L + 2 padding − dilation (K − 1) − 1) / stride⌋ + 1.
  /// - Precondition: a series or images, and filters of as many axes.
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
  ///   - window: its length along every axis.
  ///   - stride: the distance from one window to the next; nil is the window's length.
  ///   - padding: elements of −∞ on either side, at most half a window.
  /// - Returns: `[N, C, L′]` or `[N, C, H′, W′]`; incomplete windows at the end are left out.
  /// - Precondition: a series or images.
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
  ///   - window: its length along every axis.
  ///   - stride: the distance from one window to the next; nil is the window's length.
  ///   - padding: zeros on either side, at most half a window.
  /// - Returns: `[N, C, L′]` or `[N, C, H′, W′]`; incomplete windows at the end are left out.
  /// - Precondition: a series or images.
  public func averagePooled(window: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
    let axes = requireWindows("a pooling")
    return (axes == 1 ? Ops.mean1d : Ops.mean2d)(
      .tensor(self), .ints(.init(repeating: window, count: axes)),
      .ints(.init(repeating: stride ?? window, count: axes)),
      .ints(.init(repeating: padding, count: axes)))
  }

  /// The mean over all places, a number a channel: `[N, C, …]` → `[N, C]`.
  ///
  /// - Precondition: a series or images.
  public func globallyAveraged() -> Tensor {
    _ = requireWindows("a pooling")
    return Ops.meanAlong(self, Array(2..<dimensionCount), false)
  }

  /// Channels shifted to mean 0 and scaled to variance 1, then `· weight + bias`.
  ///
  /// - Parameters:
  ///   - weight: `[C]`, or nil for 1.
  ///   - bias: `[C]`, or nil for 0.
  ///   - runningMean: `[C]`: taken where `isTraining` is false, moved towards the batch's in place
  ///     where it is true. Nil keeps none; then `isTraining` has to be true.
  ///   - runningVariance: `[C]`, likewise; moved towards the batch's unbiased variance.
  ///   - momentum: how far they move: the share of the new value.
  ///   - epsilon: what is added to the variance before its root.
  ///   - isTraining: whether mean and variance are the batch's, over all axes but the second.
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

  /// The number of axes that windows slide over.
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
