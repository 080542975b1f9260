public import Storage

extension CSRMatrix {
  /// The whole matrix, `[rows, columns]`: the values of the entries, or 1 without values, and 0
  /// elsewhere.
  ///
  /// An entry that is listed twice counts once, with its last value.
  public func dense(dtype: DType = .float32) -> Tensor {
    var elements = [Float](repeating: 0, count: rowCount * columnCount)
    for row in 0..<rowCount {
      for entry in entries(ofRow: row) {
        elements[row * columnCount + Int(columns[entry])] = values?[entry] ?? 1
      }
    }
    return Tensor(elements, shape: [rowCount, columnCount]).converted(to: dtype)
  }
}
