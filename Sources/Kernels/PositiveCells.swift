package import Storage
package import Torch

/// The positive cells of a score matrix `[B, L]`, grouped by blocks of labels.
///
/// Built once a call in O(entries); within a block the cells are in the order of their rows. A
/// column that a row names twice is one cell.
package struct PositiveCells {
  /// `[E]`, int64: the row of each cell.
  package let rows: Tensor
  /// `[E]`, int64: the index of the cell in the scores of its block, in row-major order.
  package let positions: Tensor
  /// `[E]`, int64: the column of each cell.
  package let columns: Tensor
  /// `[E]`, float64: the relevance of each cell, the value of the matrix; 1 where it has no values.
  package let grades: Tensor
  /// `[E]`, float64: the weight of the cell in a mean over each row's cells and then over the rows
  /// that have any, times its grade.
  ///
  /// Cells of grade 0 are in neither mean. Where all grades are 1 the weights add up to 1, or to 0
  /// where there is no cell.
  package let weights: Tensor
  /// `[B]`, int64: the number of cells in each row.
  package let counts: Tensor
  /// Block k has the cells `offsets[k] ..< offsets[k + 1]`.
  package let offsets: [Int]

  /// Groups the entries of `matrix` by blocks of `blockSize` columns.
  ///
  /// - Parameter parts: ranges of columns that follow each other; a block never reaches from one into
  ///   the next. Nil for one part of all columns.
  /// - Precondition: every column lies in `0 ..< matrix.columnCount`, and no value is negative or
  ///   infinite.
  package init(
    _ matrix: CSRMatrix, blockSize: Int, parts: [Range<Int>]? = nil, device: Device
  ) {
    let rowCount = matrix.rowCount
    let columnCount = matrix.columnCount
    let blocks = ColumnBlocks(parts ?? [0..<columnCount], width: blockSize)
    let blockCount = blocks.count
    var columns: [Int] = []
    columns.reserveCapacity(matrix.entryCount)
    var grades: [Double] = []
    var counts = [Int](repeating: 0, count: rowCount)
    var gradedCounts = counts
    var offsets = [Int](repeating: 0, count: blockCount + 1)
    for row in 0..<rowCount {
      let (cells, values) = Self.distinct(matrix, row: row)
      for column in cells {
        precondition(
          column >= 0 && column < columnCount,
          "row \(row) has the positive \(column), outside 0..<\(columnCount)")
        columns.append(Int(column))
        offsets[blocks.index(ofColumn: Int(column)) + 1] += 1
      }
      for value in values ?? [] {
        precondition(value >= 0 && value.isFinite, "row \(row) has a positive of grade \(value)")
        grades.append(Double(value))
      }
      counts[row] = cells.count
      gradedCounts[row] = values.map { $0.count { $0 > 0 } } ?? cells.count
    }
    for block in 0..<blockCount { offsets[block + 1] += offsets[block] }

    let rowsInMean = Double(gradedCounts.count { $0 > 0 })
    var next = offsets
    var rows = [Int](repeating: 0, count: columns.count)
    var positions = rows
    var orderedColumns = rows
    var orderedGrades = [Double](repeating: 1, count: columns.count)
    var weights = [Double](repeating: 0, count: columns.count)
    var entry = 0
    for row in 0..<rowCount {
      for _ in 0..<counts[row] {
        let column = columns[entry]
        let block = blocks.index(ofColumn: column)
        let range = blocks.range(block)
        let index = next[block]
        next[block] += 1
        rows[index] = row
        positions[index] = row * range.count + column - range.lowerBound
        orderedColumns[index] = column
        if !grades.isEmpty { orderedGrades[index] = grades[entry] }
        if gradedCounts[row] > 0 {
          weights[index] = orderedGrades[index] / (Double(gradedCounts[row]) * rowsInMean)
        }
        entry += 1
      }
    }
    self.rows = Tensor(rows).sent(to: device)
    self.positions = Tensor(positions).sent(to: device)
    self.columns = Tensor(orderedColumns).sent(to: device)
    self.grades = Tensor(orderedGrades).sent(to: device)
    self.weights = Tensor(weights).sent(to: device)
    self.counts = Tensor(counts).sent(to: device)
    self.offsets = offsets
  }

  /// The cells of some blocks alone; their weights and counts stay those among all cells.
  ///
  /// - Parameter blocks: the numbers of the blocks.
  func part(_ blocks: Range<Int>) -> PositiveCells {
    let cells = offsets[blocks.lowerBound]..<offsets[blocks.upperBound]
    return PositiveCells(
      rows: rows[cells], positions: positions[cells], columns: columns[cells],
      grades: grades[cells], weights: weights[cells], counts: counts,
      offsets: offsets[blocks.lowerBound...blocks.upperBound].map { $0 - cells.lowerBound })
  }

  private init(
    rows: Tensor, positions: Tensor, columns: Tensor, grades: Tensor, weights: Tensor,
    counts: Tensor, offsets: [Int]
  ) {
    (self.rows, self.positions, self.columns) = (rows, positions, columns)
    (self.grades, self.weights, self.counts, self.offsets) = (grades, weights, counts, offsets)
  }

  /// The positive cells of a score matrix that exists as a whole: one block.
  ///
  /// - Precondition: `matrix` has the rows and columns of `scores` `[B, L]`.
  package init(ofScores scores: Tensor, _ matrix: CSRMatrix) {
    precondition(
      scores.shape == [matrix.rowCount, matrix.columnCount],
      "scores of shape \(scores.shape) for positives of \(matrix.rowCount) rows and "
        + "\(matrix.columnCount) columns")
    self.init(matrix, blockSize: max(1, matrix.columnCount), device: scores.device)
  }

  /// 1 at the cells, in a matrix of the shape of `scores`, which is one block.
  package func mask(like scores: Tensor) -> Tensor {
    let mask = Tensor.zeros(scores.shape, dtype: .bool, device: scores.device)
    mask.setElementsInPlace(at: positions, to: 1)
    return mask
  }

  /// The number of cells.
  package var count: Int { offsets.last ?? 0 }

  /// The number of rows.
  package var rowCount: Int { counts.elementCount }

  /// The weight of a row in a mean over all rows.
  package var rowWeight: Double { 1 / Double(max(1, rowCount)) }

  /// The cells of block `index`.
  package func entries(ofBlock index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

  /// The sums of `values` `[E]` over the cells of each row, `[B]`.
  package func sumsByRow(_ values: Tensor) -> Tensor {
    let sums = Tensor.zeros([counts.elementCount], dtype: values.dtype, device: values.device)
    sums.addRowsInPlace(values, at: rows)
    return sums
  }

  /// The columns of a row in rising order, each once, with the largest of its values.
  private static func distinct(_ matrix: CSRMatrix, row: Int) -> ([Int32], [Float]?) {
    let entries = matrix.entries(ofRow: row)
    var columns = Array(matrix.columns.rows(entries))
    var values = matrix.values.map { Array($0.rows(entries)) }
    // Data sets hold sorted rows, so that sorting is the exception.
    if !zip(columns, columns.dropFirst()).allSatisfy(<) {
      let given = columns
      let grades = values
      let order = given.indices.sorted { first, second in
        if given[first] != given[second] { return given[first] < given[second] }
        guard let grades else { return false }
        return grades[first] > grades[second]
      }
      var kept: [Int] = []
      for entry in order where kept.last.map({ given[$0] != given[entry] }) ?? true {
        kept.append(entry)
      }
      columns = kept.map { given[$0] }
      values = grades.map { grades in kept.map { grades[$0] } }
    }
    return (columns, values)
  }
}

/// The blocks of columns of some parts.
struct ColumnBlocks {
  private let parts: [Range<Int>]
  private let width: Int
  /// The number of the first block of each part, and of all blocks.
  private let firsts: [Int]

  init(_ parts: [Range<Int>], width: Int) {
    (self.parts, self.width) = (parts, width)
    firsts = parts.reduce(into: [0]) {
      $0.append($0[$0.count - 1] + ($1.count + width - 1) / width)
    }
  }

  /// The number of blocks.
  var count: Int { firsts[parts.count] }

  /// The blocks of a part.
  func blocks(ofPart part: Int) -> Range<Int> { firsts[part]..<firsts[part + 1] }

  func index(ofColumn column: Int) -> Int {
    let part = firstPart { parts[$0].upperBound > column }
    return firsts[part] + (column - parts[part].lowerBound) / width
  }

  /// The columns of a block.
  func range(_ block: Int) -> Range<Int> {
    let part = firstPart { firsts[$0 + 1] > block }
    let start = parts[part].lowerBound + (block - firsts[part]) * width
    return start..<min(start + width, parts[part].upperBound)
  }

  /// The first part for which `isReached` holds; it does for all after it.
  private func firstPart(where isReached: (Int) -> Bool) -> Int {
    var (low, high) = (0, parts.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if isReached(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
