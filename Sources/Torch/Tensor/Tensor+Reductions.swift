extension Tensor {
  /// The sum of all elements.
  public func sum() -> Tensor { Ops.sum(self) }
  /// The sum along `axis`.
  public func sum(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    Ops.sumAlong(self, [axis], keepingDimensions)
  }
  /// The mean of all elements.
  public func mean() -> Tensor { Ops.mean(self) }
  /// The mean along `axis`.
  public func mean(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    Ops.meanAlong(self, [axis], keepingDimensions)
  }
  /// The largest element.
  public func maximum() -> Tensor { Ops.max(self) }
  /// The largest element along `axis`; equal ones share the gradient.
  public func maximum(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    Ops.amax(self, [axis], keepingDimensions)
  }
  /// The smallest element.
  public func minimum() -> Tensor { Ops.min(self) }
  /// The smallest element along `axis`; equal ones share the gradient.
  public func minimum(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    Ops.amin(self, [axis], keepingDimensions)
  }
  /// log Σ e^x along `axis`, without overflow.
  public func logSumExp(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    Ops.logSumExp(self, [axis], keepingDimensions)
  }
  /// The position of the largest element along `axis`, as int64.
  public func argmax(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    Ops.argmax(self, axis, keepingDimensions)
  }
  /// The position of the smallest element along `axis`, as int64.
  public func argmin(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    Ops.argmin(self, axis, keepingDimensions)
  }
  /// The running sum along `axis`.
  public func cumulativeSum(along axis: Int) -> Tensor { Ops.cumsum(self, axis) }

  /// The variance along `axis`.
  ///
  /// - Parameter correction: subtracted from the divisor: 1 estimates a population's variance from
  ///   a sample (PyTorch's default), 0 gives the variance of the elements themselves.
  public func variance(along axis: Int, correction: Int = 1, keepingDimensions: Bool = false)
    -> Tensor
  {
    Ops.variance(
      .tensor(self), .ints([axis]), .int(correction), .bool(keepingDimensions))
  }

  /// The Euclidean norm along `axis`.
  public func norm(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    Ops.norm(.tensor(self), .double(2), .ints([axis]), .bool(keepingDimensions))
  }

  /// The Euclidean norm of all elements together.
  public func norm() -> Tensor { Ops.normOfAll(.tensor(self), .double(2)) }

  /// The `count` largest elements along `axis` and their positions, largest first.
  ///
  /// The order of equal elements is up to libtorch; Evaluation has a selection with a fixed order.
  public func largest(_ count: Int, along axis: Int = -1) -> (values: Tensor, indices: Tensor) {
    do {
      let pair = try Ops.topk.tensors(
        .tensor(self), .int(count), .int(axis), .bool(true), .bool(true))
      return (pair[0], pair[1])
    } catch {
      refuse(error)
      return (.placeholder, .placeholder)
    }
  }

  /// The elements sorted along `axis`, and their positions; equal elements keep their order.
  public func sorted(along axis: Int = -1, descending: Bool = false)
    -> (values: Tensor, indices: Tensor)
  {
    do {
      let pair = try Ops.sort.tensors(
        .tensor(self), .bool(true), .int(axis), .bool(descending))
      return (pair[0], pair[1])
    } catch {
      refuse(error)
      return (.placeholder, .placeholder)
    }
  }

  private enum Ops {
    static let sum = Op("aten::sum")
    static let sumAlong = Op("aten::sum", "dim_IntList")
    static let mean = Op("aten::mean")
    static let meanAlong = Op("aten::mean", "dim")
    static let max = Op("aten::max")
    static let amax = Op("aten::amax")
    static let min = Op("aten::min")
    static let amin = Op("aten::amin")
    static let logSumExp = Op("aten::logsumexp")
    static let argmax = Op("aten::argmax")
    static let argmin = Op("aten::argmin")
    static let cumsum = Op("aten::cumsum")
    static let variance = Op("aten::var", "correction")
    static let norm = Op("aten::norm", "ScalarOpt_dim")
    static let normOfAll = Op("aten::norm", "Scalar")
    static let topk = Op("aten::topk")
    static let sort = Op("aten::sort", "stable")
  }
}
