import Storage

/// The rows of `nodes.svm`: classes and features without a header.
struct GraphRows {
  var features: CSRMatrix
  var classes: CSRMatrix

  init(reading path: String, classNames: [String]?) throws {
    let file = try PackedFile.open(path)
    // A number far beyond the file's size would cost memory without naming anything.
    let limit = max(SVMLightFile.columnLimit, file.count)
    let reader = LineReader(file: file, policy: .refuse, name: path)
    var skipped = SkippedLines()
    var (classOffsets, classColumns) = ([0] as [Int64], [] as [Int32])
    var (offsets, columns, values) = ([0] as [Int64], [] as [Int32], [] as [Float])
    try reader.forEachLine(skipped: &skipped) { (bytes, range) throws(LineFault) in
      var cursor = SVMLightCursor(bytes, in: range)
      var own: [Int32] = []
      if cursor.take("-") {
        _ = cursor.take("1")
      } else if !cursor.isAtSpaceOrEnd {
        repeat {
          let start = cursor.position
          let number = try cursor.integer(upTo: limit, "a class")
          if let classNames, number >= classNames.count {
            throw LineFault(
              position: start, reason: "class \(number) has no name",
              expected: "one of the \(classNames.count) classes of classes.tsv, from 0")
          }
          guard !own.contains(Int32(number)) else {
            throw LineFault(
              position: start, reason: "class \(number) appears a second time",
              expected: "each class once a node")
          }
          own.append(Int32(number))
        } while cursor.take(",")
      }
      let first = columns.count
      var seen: Set<Int32> = []
      while try cursor.skipSpaces() {
        let start = cursor.position
        let column = Int32(try cursor.integer(upTo: limit, "a feature"))
        try cursor.skip(":", "a colon and the feature's value")
        let value = try cursor.value()
        let rises = columns.count == first || columns[columns.count - 1] < column
        if !rises, seen.isEmpty { seen = Set(columns[first...]) }
        guard rises && seen.isEmpty || seen.insert(column).inserted else {
          throw LineFault(
            position: start, reason: "feature \(column) appears a second time",
            expected: "each feature once a node")
        }
        columns.append(column)
        values.append(value)
      }
      classColumns += own
      classOffsets.append(Int64(classColumns.count))
      offsets.append(Int64(columns.count))
    }
    guard offsets.count > 1 else {
      throw InputError(
        file: path, line: 1, reason: "the file is empty", expected: "a line for each node")
    }
    features = CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(columns), values: MappedArray(values),
      columnCount: columns.max().map { Int($0) + 1 } ?? 0)
    classes = CSRMatrix(
      rowOffsets: MappedArray(classOffsets), columns: MappedArray(classColumns),
      columnCount: classNames?.count ?? classColumns.max().map { Int($0) + 1 } ?? 0)
  }
}
