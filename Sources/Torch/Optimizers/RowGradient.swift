/// A table's gradient as distinct rows and their values; nil if there is none.
///
/// A dense gradient has all rows.
func rowGradient(of parameter: Tensor) -> (rows: Tensor, values: Tensor)? {
  guard let gradient = parameter.gradient else { return nil }
  if gradient.isSparse {
    let (rows, values) = gradient.storedRows()
    return (rows.contiguous(), values.contiguous())
  }
  let rows = Tensor.range(0..<parameter.size(along: 0), device: parameter.device)
  return (rows, gradient.contiguous())
}

extension Tensor {
  /// Whether the row kernels (`ct_adagrad_rows`, `ct_adam_rows`) support this table.
  var hasRowKernels: Bool { dtype == .float32 && device.kind == .cpu && isContiguous }

  /// Replaces the rows at `indices` (distinct, int64) with those of `source`.
  package func setRows(_ indices: Tensor, to source: Tensor) {
    Ops.indexCopyInPlace(.tensor(self), 0, .tensor(indices), .tensor(source))
  }

  private enum Ops {
    static let indexCopyInPlace = Op("aten::index_copy_")
  }
}
