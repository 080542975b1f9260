public import Storage

extension SparseLinear {
  /// The same bags without the features that have no weights and thus do not affect scores.
  ///
  /// Compute this once if you score the same documents repeatedly: most features of a text are
  /// common ones without weights.
  public func featuresWithPairs(_ bags: CSRMatrix) -> CSRMatrix {
    pattern.rowOffsets.withUnsafeBufferPointer { bags.keepingFeatures(withPairs: $0) }
  }
}

extension CSRMatrix {
  fileprivate func keepingFeatures(withPairs pairs: UnsafeBufferPointer<Int64>) -> CSRMatrix {
    withUnsafeEntries { offsets, columns, values in
      var newOffsets = [Int64](repeating: 0, count: rowCount + 1)
      var newValues: [Float] = []
      let newColumns = [Int32](unsafeUninitializedCapacity: columns.count) { kept, count in
        newValues = [Float](unsafeUninitializedCapacity: values?.count ?? 0) { keptValues, many in
          for row in 0..<rowCount {
            for entry in Int(offsets[row])..<Int(offsets[row + 1]) {
              let column = columns[entry]
              // Written unconditionally, kept or not: a branch would be mispredicted too often.
              kept[count] = column
              if let values { keptValues[count] = values[entry] }
              count += pairs[Int(column)] == pairs[Int(column) + 1] ? 0 : 1
            }
            newOffsets[row + 1] = Int64(count)
          }
          many = values == nil ? 0 : count
        }
      }
      return CSRMatrix(
        rowOffsets: MappedArray(newOffsets), columns: MappedArray(newColumns),
        values: values == nil ? nil : MappedArray(newValues), columnCount: columnCount)
    }
  }
}
