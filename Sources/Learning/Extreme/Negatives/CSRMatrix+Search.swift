import Storage
internal import Torch

extension CSRMatrix {
  /// Creates each row's candidates with their scores as values; a score of −∞ means no candidate.
  ///
  /// - Parameters:
  ///   - scores: `[N, k]`, descending within a row.
  ///   - labels: `[N, k]`, int64.
  init(scores: Tensor, labels: Tensor, columnCount: Int) {
    let rowCount = scores.size(along: 0)
    let width = scores.size(along: 1)
    let values = scores.converted(to: .float32).array(of: Float.self)
    let names = labels.array(of: Int64.self)
    var offsets: [Int64] = [0]
    var columns: [Int32] = []
    var kept: [Float] = []
    for row in 0..<rowCount {
      for place in (row * width)..<((row + 1) * width) where values[place] > -.infinity {
        columns.append(Int32(names[place]))
        kept.append(values[place])
      }
      offsets.append(Int64(columns.count))
    }
    self.init(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
      values: MappedArray(kept), columnCount: columnCount)
  }

  /// The flat row-major indices of the entries in `block`, in a matrix of the block's columns.
  func places(ofColumns block: Range<Int>) -> [Int] {
    var places: [Int] = []
    for row in 0..<rowCount {
      for entry in entries(ofRow: row) where block.contains(Int(columns[entry])) {
        places.append(row * block.count + Int(columns[entry]) - block.lowerBound)
      }
    }
    return places
  }
}

extension CSRMatrix {
  /// Stacks the rows of all parts, which all have values.
  init(stacking parts: [CSRMatrix], columnCount: Int) {
    var offsets: [Int64] = [0]
    var columns: [Int32] = []
    var values: [Float] = []
    for part in parts {
      let shift = Int64(columns.count)
      offsets += part.rowOffsets.dropFirst().map { $0 + shift }
      columns += part.columns
      values += part.values.map { Array($0) } ?? []
    }
    self.init(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns),
      values: MappedArray(values), columnCount: columnCount)
  }

  /// The same entries with renumbered columns, without values.
  func renaming(_ new: [Int]) -> CSRMatrix {
    CSRMatrix(
      rowOffsets: rowOffsets, columns: MappedArray(columns.map { Int32(new[Int($0)]) }),
      columnCount: columnCount)
  }
}
