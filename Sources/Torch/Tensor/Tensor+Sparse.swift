// A matrix that stores only some of its rows: the gradient of a large table. It has libtorch's
// sparse COO layout with one sparse axis.

extension Tensor {
  /// A matrix `[rowCount, D]` whose row `rows[i]` is `values[i]` and whose other rows are 0.
  ///
  /// - Parameters:
  ///   - rows: `[U]` int64, strictly ascending.
  ///   - values: `[U, D]`.
  ///   - rowCount: the number of rows of the whole matrix.
  /// - Precondition: `rows` ascends strictly; this is not checked.
  public static func sparse(rows: Tensor, values: Tensor, rowCount: Int) -> Tensor {
    // 1 is libtorch's code for the sparse layout; the last flag declares the rows distinct.
    Ops.sparse(
      1, .int(values.dimensionCount - 1), .ints([rowCount] + values.shape.dropFirst()),
      .tensor(rows.expandingDimension(at: 0)), .tensor(values), .dtype(values.dtype), 1,
      .device(values.device), false, true)
  }

  /// The stored rows of a sparse matrix: their indices, ascending, and their values.
  ///
  /// - Returns: rows `[U]` int64 and values `[U, D]`; both share the tensor's memory if its rows
  ///   are already distinct, and are summed up otherwise.
  /// - Precondition: the tensor is sparse along its first axis only.
  public func storedRows() -> (rows: Tensor, values: Tensor) {
    // Accumulating a gradient loses libtorch's flag for distinct rows; checking them is a hundred
    // times cheaper than summing them up.
    if device.kind == .cpu, Ops.indices(self)[0].risesStrictly() {
      Ops.markCoalesced(.tensor(self), true)
    }
    let distinct = Ops.coalesce(self)
    return (Ops.indices(distinct)[0], Ops.values(distinct))
  }

  /// The same elements in dense form; the tensor itself if it is not sparse.
  public func densified() -> Tensor { isSparse ? Ops.densify(self) : self }

  /// Whether the elements of this int64 vector are strictly ascending.
  private func risesStrictly() -> Bool {
    withUnsafeBytes { bytes in
      let elements = bytes.bindMemory(to: Int64.self)
      // Without a branch per element the loop is vectorised.
      var faults = 0
      for place in elements.indices.dropFirst() {
        faults &+= elements[place] <= elements[place - 1] ? 1 : 0
      }
      return faults == 0
    }
  }

  private enum Ops {
    static let sparse = Op("aten::_sparse_coo_tensor_with_dims_and_tensors")
    static let markCoalesced = Op("aten::_coalesced_")
    static let coalesce = Op("aten::coalesce")
    static let indices = Op("aten::_indices")
    static let values = Op("aten::_values")
    static let densify = Op("aten::to_dense")
  }
}
