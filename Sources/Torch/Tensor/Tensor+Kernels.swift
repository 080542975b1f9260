internal import CTorch

// Operations for which libtorch has no fast version: fused kernels for float32 elements on the CPU,
// compositions of libtorch's operators otherwise. None is recorded for gradients: call them only
// inside a `CustomFunction`'s closures.

extension Tensor {
  /// `self · otherᵀ`, plus `bias` in every row if given.
  ///
  /// Twice as fast as `matmul` on AMD processors, where MKL leaves half of the vector width
  /// unused. Rows of `self` should have unit stride; `other` may be a transposed view.
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

  /// Writes `scaleᵣ exp(xᵣ꜀ − shiftᵣ)` for row r, column c of this matrix to `result`.
  ///
  /// Intended for differences up to 0. In float32 those above 88 count as 88, those below −87.3 as
  /// −∞.
  ///
  /// - Precondition: `shift` and `scale` are `[N]` for `[N, M]` here, float64 where this is and
  ///   float32 elsewhere; `result` has this shape and dtype and may be this tensor itself. The rows
  ///   of both have unit stride.
  public func writeExponentials(shift: Tensor, scale: Tensor, to result: Tensor) {
    if let fused = FusedScores(self) {
      return fused.writeExponentials(
        shift: shift.converted(to: .float32).contiguous(),
        scale: scale.converted(to: .float32).contiguous(), to: result)
    }
    guard hasKernels else {
      let differences = converted(to: dtype.accumulator) - shift.expandingDimension(at: 1)
      result.copyInPlace(from: differences.exp() * scale.expandingDimension(at: 1))
      return
    }
    let code = withExtendedLifetime((self, shift, scale, result)) {
      ct_exp_scaled(pointer, shift.pointer, scale.pointer, result.pointer)
    }
    if code != 0 { refuse(TorchError.last(code)) }
  }

  /// Writes `scale · sigmoid(x)` for every element of this matrix to `result`, which may be this
  /// tensor itself.
  ///
  /// - Precondition: `result` has this shape and dtype; the rows of both have unit stride.
  public func writeSigmoids(scale: Double, to result: Tensor) {
    if let fused = FusedScores(self) { return fused.writeSigmoids(scale: scale, to: result) }
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
    if let fused = FusedScores(self) { return fused.addSoftplus(to: sums) }
    guard hasKernels else {
      let scores = converted(to: dtype.accumulator)
      sums.addInPlace((-(-scores).logSigmoid()).sum(along: 1).converted(to: sums.dtype))
      return
    }
    let code = withExtendedLifetime((self, sums)) { ct_add_softplus(pointer, sums.pointer) }
    if code != 0 { refuse(TorchError.last(code)) }
  }

  /// Replaces the elements at `positions` (int64, in row-major order, distinct) with `values`.
  public func setElementsInPlace(at positions: Tensor, to values: Tensor) {
    Ops.put(.tensor(self), .tensor(positions), .tensor(values))
  }

  /// Replaces the elements at `positions` (int64, in row-major order) with `value`.
  ///
  /// - Precondition: the tensor is contiguous.
  public func setElementsInPlace(at positions: Tensor, to value: Double) {
    precondition(isContiguous, "the tensor is not contiguous")
    Ops.indexFill(.tensor(reshaped([-1])), .int(0), .tensor(positions), .double(value))
  }

  /// Whether the interface library's kernels can be used; not after a failed operator.
  var hasKernels: Bool { dtype == .float32 && device.kind == .cpu && pendingRefusal == nil }

  private enum Ops {
    static let put = Op("aten::put_")
    static let indexFill = Op("aten::index_fill_", "int_Scalar")
  }
}
