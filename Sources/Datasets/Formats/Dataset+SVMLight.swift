import Storage

extension Dataset {
  /// Joins a train file and a test file of the extreme-classification repository into a data set.
  ///
  /// Documents are numbered from 0 through both files, labels and features as in the files.
  ///
  /// - Parameter file: the file to name in errors, as there are two files that must match.
  /// - Throws: `InputError` when the files differ in their numbers of features or labels.
  public static func joining(
    train: SVMLightFile, test: SVMLightFile?, name: String, file: String
  ) throws -> Dataset {
    let counts = (train.features.columnCount, train.labels.columnCount)
    if let test, (test.features.columnCount, test.labels.columnCount) != counts {
      throw InputError(
        file: file,
        reason: "\(test.features.columnCount) features and \(test.labels.columnCount) labels",
        expected: "\(counts.0) and \(counts.1), as in the train file")
    }
    let features = test.map { train.features.appending($0.features) } ?? train.features
    func numbers(_ count: Int) -> TextColumn { TextColumn(count: count) { "\($0)" } }
    func split(_ labels: CSRMatrix, from start: Int) -> Split {
      Split(
        documentIndices: MappedArray((0..<labels.rowCount).map { Int32(start + $0) }),
        labels: labels)
    }
    let trainSplit = split(train.labels, from: 0)
    let testSplit = test.map { split($0.labels, from: train.labels.rowCount) }
    return Dataset(
      documents: Documents(
        ids: numbers(features.rowCount),
        content: .features(features, names: Array(numbers(features.columnCount)))),
      labels: Labels(ids: numbers(train.labels.columnCount)),
      train: trainSplit, test: testSplit,
      description: DatasetDescription(
        name: name, statistics: DatasetStatistics(train: trainSplit, test: testSplit)))
  }
}

extension CSRMatrix {
  /// This matrix followed by the rows of `other`; both have values.
  fileprivate func appending(_ other: CSRMatrix) -> CSRMatrix {
    let shift = rowOffsets[rowCount]
    return CSRMatrix(
      rowOffsets: MappedArray(Array(rowOffsets) + other.rowOffsets.dropFirst().map { $0 + shift }),
      columns: MappedArray(Array(columns) + Array(other.columns)),
      values: MappedArray(
        Array(values ?? MappedArray([])) + Array(other.values ?? MappedArray([]))),
      columnCount: columnCount)
  }
}
