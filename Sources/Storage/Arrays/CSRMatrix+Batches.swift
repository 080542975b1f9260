extension CSRMatrix {
  /// The rows `indices` with random entries dropped, as the input of a training step.
  ///
  /// - Parameters:
  ///   - indices: the rows, in the order of the result.
  ///   - probability: the fraction of entries to drop, in 0 ..< 1. The others are divided by
  ///     `1 − probability`, so that the expected sum of a row does not change.
  ///   - generator: the source of randomness; one draw per two entries.
  public func selecting(
    rows indices: some Collection<Int>, droppingEntriesWith probability: Double,
    using generator: inout SplitMix64
  ) -> CSRMatrix {
    precondition(probability >= 0 && probability < 1, "dropout of \(probability), not in 0..<1")
    guard probability > 0 else { return selecting(rows: indices) }
    let scale = Float(1 / (1 - probability))
    let threshold = UInt32(probability * 4_294_967_296)
    var offsets: [Int64] = [0]
    offsets.reserveCapacity(indices.count + 1)
    var newValues: [Float] = []
    // A local copy, which can stay in registers.
    var random = generator
    let newColumns = withUnsafeEntries { bounds, columns, values in
      let total = indices.reduce(0) { $0 + Int(bounds[$1 + 1] - bounds[$1]) }
      return [Int32](unsafeUninitializedCapacity: total) { kept, count in
        newValues = [Float](unsafeUninitializedCapacity: total) { keptValues, many in
          var bits: UInt64 = 0
          var half = false
          for row in indices {
            for entry in Int(bounds[row])..<Int(bounds[row + 1]) {
              if half { bits >>= 32 } else { bits = random.next() }
              half.toggle()
              // Written whether kept or dropped: processors cannot predict a random branch.
              kept[count] = columns[entry]
              keptValues[count] = (values?[entry] ?? 1) * scale
              count += UInt32(truncatingIfNeeded: bits) >= threshold ? 1 : 0
            }
            offsets.append(Int64(count))
          }
          many = count
        }
      }
    }
    generator = random
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(newColumns),
      values: MappedArray(newValues), columnCount: columnCount)
  }

  /// The rows of this matrix followed by those of `other`.
  ///
  /// - Precondition: both have the same number of columns, and both or neither have values.
  public func stacked(over other: CSRMatrix) -> CSRMatrix {
    precondition(
      columnCount == other.columnCount && (values == nil) == (other.values == nil),
      "matrices of \(columnCount) and \(other.columnCount) columns cannot be stacked")
    let shift = Int64(entryCount)
    return withUnsafeEntries { offsets, columns, values in
      other.withUnsafeEntries { otherOffsets, otherColumns, otherValues in
        CSRMatrix(
          rowOffsets: MappedArray(Array(offsets) + otherOffsets.dropFirst().map { $0 + shift }),
          columns: MappedArray(Array(columns) + otherColumns),
          values: values.flatMap { mine in otherValues.map { MappedArray(Array(mine) + $0) } },
          columnCount: columnCount)
      }
    }
  }

  /// Calls `body` with the row offsets, the columns and the values (nil if there are none).
  package func withUnsafeEntries<R>(
    _ body: (
      _ offsets: UnsafeBufferPointer<Int64>, _ columns: UnsafeBufferPointer<Int32>,
      _ values: UnsafeBufferPointer<Float>?
    ) throws -> R
  ) rethrows -> R {
    try rowOffsets.withUnsafeBufferPointer { offsets in
      try columns.withUnsafeBufferPointer { columns in
        try withOptionalValues { try body(offsets, columns, $0) }
      }
    }
  }

  private func withOptionalValues<R>(
    _ body: (UnsafeBufferPointer<Float>?) throws -> R
  ) rethrows -> R {
    guard let values else { return try body(nil) }
    return try values.withUnsafeBufferPointer { try body($0) }
  }
}
