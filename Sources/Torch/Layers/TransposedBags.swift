package import Storage

/// A batch of bags grouped by table row: its distinct columns, and the bags that contain each.
///
/// The gradient of a table row is the weighted sum of the output gradients of the bags that contain
/// the row. That is an embedding bag again, over a table (the output gradient) that fits into the
/// cache.
///
/// Complexity: O(entries + columns / 64) time and memory, in five linear passes: a bitmap marks the
/// columns that occur, counting its bits numbers the distinct columns in ascending order, and a
/// counting sort by that number lists the bags.
package struct TransposedBags {
  /// `[U]` int64: the distinct columns, ascending.
  package let rows: Tensor
  /// `[U + 1]` int32: where each column's bags begin.
  package let offsets: Tensor
  /// `[E]` int32: the bag of each entry, grouped by column.
  package let bags: Tensor
  /// `[E]` in the order of `bags`; nil if the entries have no weights.
  package let weights: Tensor?

  /// - Parameter weights: `[E]` in the order of the bags' entries, contiguous on the CPU, or nil.
  /// - Precondition: fewer than 2³¹ entries.
  package init(_ source: CSRMatrix, weights: Tensor?) {
    let numbering = source.columns.withUnsafeBufferPointer { columns in
      Numbering(columns: columns, words: (source.columnCount + 63) / 64)
    }
    rows = numbering.rows
    // Counted two positions up: after the running sum, position n + 1 holds the first free entry of
    // column n, and after the distribution all offsets are where they belong.
    var next = [Int32](repeating: 0, count: numbering.count + 2)
    for number in numbering.numbers { next[Int(number) + 2] += 1 }
    for place in 1..<next.count { next[place] += next[place - 1] }
    let places = numbering.numbers.map { number in
      let place = next[Int(number) + 1]
      next[Int(number) + 1] = place + 1
      return place
    }
    offsets = Tensor(Array(next.dropLast()))
    bags = Tensor.uninitialized([source.entryCount], dtype: .int32)
    bags.withUnsafeMutableElements(of: Int32.self) { bags in
      source.rowOffsets.withUnsafeBufferPointer { bounds in
        for bag in 0..<(bounds.count - 1) {
          for entry in Int(bounds[bag])..<Int(bounds[bag + 1]) {
            bags[Int(places[entry])] = Int32(bag)
          }
        }
      }
    }
    self.weights = weights.map {
      $0.dtype == .float64
        ? Self.sorted($0, to: places, of: Double.self)
        : Self.sorted($0.converted(to: .float32), to: places, of: Float.self)
    }
  }

  private static func sorted<Scalar: TensorScalar>(
    _ weights: Tensor, to places: [Int32], of: Scalar.Type
  ) -> Tensor {
    let result = Tensor.uninitialized(weights.shape, dtype: Scalar.dtype)
    result.withUnsafeMutableElements(of: Scalar.self) { result in
      weights.withUnsafeBytes { bytes in
        let weights = bytes.bindMemory(to: Scalar.self)
        for (entry, place) in places.enumerated() { result[Int(place)] = weights[entry] }
      }
    }
    return result
  }

  /// The distinct columns in ascending order, and each entry's index among them.
  private struct Numbering {
    var numbers: [Int32]
    var rows: Tensor
    var count: Int

    init(columns: UnsafeBufferPointer<Int32>, words: Int) {
      var seen = [UInt64](repeating: 0, count: words)
      for column in columns { seen[Int(column) >> 6] |= 1 << (UInt64(column) & 63) }
      var before = [Int32](repeating: 0, count: words)
      var count = 0
      for word in 0..<words {
        before[word] = Int32(count)
        count += seen[word].nonzeroBitCount
      }
      rows = Tensor.uninitialized([count], dtype: .int64)
      rows.withUnsafeMutableElements(of: Int64.self) { rows in
        var place = 0
        for word in 0..<words {
          var bits = seen[word]
          while bits != 0 {
            rows[place] = Int64(word << 6 + bits.trailingZeroBitCount)
            place += 1
            bits &= bits - 1
          }
        }
      }
      numbers = columns.map { column in
        let word = Int(column) >> 6
        let below = (1 << (UInt64(column) & 63)) - 1 as UInt64
        return before[word] + Int32((seen[word] & below).nonzeroBitCount)
      }
      self.count = count
    }
  }
}
