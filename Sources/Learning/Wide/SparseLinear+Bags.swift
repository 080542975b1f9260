public import Torch

extension SparseLinear {
  /// The same bags without the features that have no pairs, which count nothing here.
  ///
  /// Whoever asks for the scores of the same documents again and again makes them once: common
  /// features are most of a text's and have no pairs.
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
              // Written in any case, kept or not: a branch would be guessed wrong too often.
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
