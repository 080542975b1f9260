internal import CTorch

// Operations of which libtorch has no fast form: fused kernels where elements are float32 on the
// CPU, compositions of libtorch's operators elsewhere. None is recorded for gradients; they are
// for the two halves of a `CustomFunction`.

extension Tensor {
  /// `self · otherᵀ`, plus `bias` in every row where there is one.
  ///
  /// Twice as fast as `matmul` on AMD processors, where MKL leaves half of the vector width
  /// unused; rows of `self` should have unit stride, `other` may be a transposed view.
  ///
  /// - Parameters:
  ///   - other: `[M, K]`, for `[N, K]` here.
  ///   - bias: `[M]`.
  /// - Returns: `[N, M]`.
  public func productWithTransposed(_ other: Tensor, bias: Tensor? = nil) -> Tensor {
    guard pendingRefusal == nil else { return .placeholder }
    var result: ct_tensor?
    let code = withExtendedLifetime((self, other, bias)) {
      ct_product_with_transposed(pointer, other.pointer, bias?.pointer, &result)
    }
    guard code == 0, let result else {
      refuse(TorchError.last(code))
      return .placeholder
    }
    return Tensor(owned: result)
  }

  /// Writes `scaleᵣ exp(xᵣ꜀ − shiftᵣ)` for row r, column c of this matrix into `result`.
  ///
  /// Meant for differences up to 0. In float32 those above 88 count as 88, those below −87.3 as −∞.
  ///
  /// - Precondition: `shift` and `scale` are `[N]` of this dtype for `[N, M]` here; `result` has
  ///   this shape and dtype and may be this very tensor. The rows of both have unit stride.
  public func writeExponentials(shift: Tensor, scale: Tensor, to result: Tensor) {
    guard hasKernels else {
      result.copyInPlace(
        from: (self - shift.expandingDimension(at: 1)).exp() * scale.expandingDimension(at: 1))
      return
    }
    let code = withExtendedLifetime((self, shift, scale, result)) {
      ct_exp_scaled(pointer, shift.pointer, scale.pointer, result.pointer)
    }
    if code != 0 { refuse(TorchError.last(code)) }
  }

  /// Writes `scale · sigmoid(x)` for every element of this matrix into `result`, which may be this
  /// very tensor.
  ///
  /// - Precondition: `result` has this shape and dtype; the rows of both have unit stride.
  public func writeSigmoids(scale: Double, to result: Tensor) {
    guard hasKernels else {
      result.copyInPlace(from: sigmoid() * scale)
      return
    }
    let code = withExtendedLifetime((self, result)) {
      ct_sigmoid_scaled(pointer, scale, result.pointer)
    }
    if code != 0 { refuse(TorchError.last(code)) }
  }

  /// Adds the row sums of log(1 + e^x) over this matrix `[N, M]` to `sums`, float64 `[N]`.
  ///
  /// - Precondition: rows have unit stride.
  public func addSoftplusRowSums(to sums: Tensor) {
    guard hasKernels else {
      sums.addInPlace(
        (-(-self).logSigmoid()).sum(along: 1).converted(to: sums.dtype))
      return
    }
    let code = withExtendedLifetime((self, sums)) { ct_add_softplus(pointer, sums.pointer) }
    if code != 0 { refuse(TorchError.last(code)) }
  }

  /// Replaces the elements at `positions` (int64, counted in row-major order, distinct) by
  /// `values`.
  public func setElementsInPlace(at positions: Tensor, to values: Tensor) {
    Ops.put(.tensor(self), .tensor(positions), .tensor(values))
  }

  /// Replaces the elements at `positions` (int64, counted in row-major order) by `value`.
  ///
  /// - Precondition: the tensor is contiguous.
  public func setElementsInPlace(at positions: Tensor, to value: Double) {
    precondition(isContiguous, "positions count the elements of a contiguous tensor")
    Ops.indexFill(.tensor(reshaped([-1])), .int(0), .tensor(positions), .double(value))
  }

  /// Whether the kernels of the interface library apply; not to what followed from a refusal.
  var hasKernels: Bool { dtype == .float32 && device.kind == .cpu && pendingRefusal == nil }

  private enum Ops {
    static let put = Op("aten::put_")
    static let indexFill = Op("aten::index_fill_", "int_Scalar")
  }
}
