import Foundation
import Storage

/// The bag-of-words format of a data set of the extreme-classification repository: a folder.
///
/// | file | | |---|---| | `train.txt`, `test.txt` | see `SVMLightFile`; the names may have a
/// prefix: `eurlex_train.txt` | | `filter_labels_train.txt`, `filter_labels_test.txt` | a
/// document's row, a label's row |
///
/// Only the train file is required.
public enum SVMLightFolder {
  /// Reads the folder at `path`.
  ///
  /// - Throws: `FileError` when a file cannot be read; `InputError` with the position of the first
  ///   problem, or when there is not exactly one train file.
  public static func read(_ path: String) throws -> Dataset {
    guard let names = try Folder.names(path) else {
      throw FileError(path: path, action: "open", code: ENOENT)
    }
    func file(_ part: String) throws -> String? {
      let found = names.filter {
        $0.hasSuffix("\(part).txt") && !$0.hasPrefix("filter_labels")
      }.sorted()
      guard found.count <= 1 else {
        throw InputError(
          file: path, reason: "there are \(found.joined(separator: " and "))",
          expected: "one file that ends in \(part).txt")
      }
      return found.first.map { "\(path)/\($0)" }
    }
    guard let trainPath = try file("train") else {
      throw InputError(
        file: path, reason: "there is no train file", expected: "a file that ends in train.txt")
    }
    let testPath = try file("test")
    var dataset = try Dataset.joining(
      train: SVMLightFile(reading: trainPath), test: testPath.map { try SVMLightFile(reading: $0) },
      name: URL(fileURLWithPath: path).lastPathComponent, file: testPath ?? trainPath)
    dataset.description.origins = [DatasetDescription.Origin(source: path)]
    let labelCount = dataset.labels.count
    func filter(_ part: String, _ split: Split) throws -> CSRMatrix? {
      try ExtremeTextFolder.filter(
        in: path, part: part, rowCount: split.count, labelCount: labelCount)
    }
    dataset.contentHash = try Folder.contentHash([trainPath, testPath].compactMap { $0 })
    dataset.train.filter = try filter("train", dataset.train)
    if var test = dataset.test {
      test.filter = try filter("test", test)
      dataset.test = test
    }
    return dataset
  }

  /// Reads the single file at `path` and splits it by a hash of each row, as texts are split.
  ///
  /// - Throws: `FileError` when it cannot be read; `InputError` with the position of the first problem.
  static func readFile(_ path: String) throws -> Dataset {
    let file = try SVMLightFile(reading: path)
    var dataset = try Dataset.joining(
      train: file, test: nil, name: URL(fileURLWithPath: path).lastPathComponent, file: path)
    let buckets = (0..<file.features.rowCount).map { row in
      SplitBucket(
        of: file.features.entries(ofRow: row).map { entry in
          "\(file.features.columns[entry]):\(file.features.values?[entry] ?? 1)"
        }.joined(separator: " "))
    }
    let whole = dataset.train
    dataset.train = whole.selecting(rows: whole.rows(where: { !buckets[$0].isTest }))
    dataset.validation = whole.selecting(rows: whole.rows(where: { buckets[$0].isValidation }))
    dataset.test = whole.selecting(rows: whole.rows(where: { buckets[$0].isTest }))
    dataset.description.origins = [DatasetDescription.Origin(source: path)]
    dataset.description.statistics = DatasetStatistics(
      train: dataset.train, validation: dataset.validation, test: dataset.test)
    dataset.contentHash = try MappedFile(path: path).withBytes(XXHash64.hash)
    return dataset
  }

  /// Writes the train and test splits of `dataset` with their filter pairs as a new folder at
  /// `path`, atomically; see `AtomicFolder`.
  ///
  /// Feature documents are written as they are; features whose names are all integers use them as
  /// columns. Text documents are written as the bags that `configuration` makes, with the
  /// vocabulary of train. The format cannot represent names, label weights, and the rows of train
  /// that are for validation, so these are left out.
  ///
  /// - Throws: `InputError` when the folder is not empty, or a document cannot be turned into a
  ///   bag; `FileError` when something cannot be written.
  public static func write(
    _ dataset: Dataset, to path: String, configuration: TextFeatures.Configuration = .init()
  ) throws {
    if let names = try Folder.names(path), !names.isEmpty {
      throw InputError(
        file: path, reason: "the folder is not empty",
        expected: "a new name or an empty folder")
    }
    let bags = try bags(of: dataset, configuration)
    let folder = try AtomicFolder(path: path)
    for (name, split) in [("test", dataset.test), ("train", dataset.train)] {
      guard let split else { continue }
      if let filter = split.filter {
        try FilterLabelsFile.write(filter, to: "\(folder.draft)/filter_labels_\(name).txt")
      }
      try SVMLightFile(
        features: try bags(split.documentIndices), labels: split.labels
      ).write(to: "\(folder.draft)/\(name).txt")
    }
    try folder.commit(replacing: false)
  }

  /// A function from documents to bags, `[documents, features]`.
  private static func bags(
    of dataset: Dataset, _ configuration: TextFeatures.Configuration
  ) throws -> (MappedArray<Int32>) throws -> CSRMatrix {
    switch dataset.documents.content {
    case .texts(let texts):
      func selected(_ rows: MappedArray<Int32>) -> TextColumn {
        TextColumn(count: rows.count) { texts[Int(rows[$0])] }
      }
      let features = try TextFeatures(
        learningFrom: selected(dataset.train.documentIndices), configuration: configuration)
      return { features.bags(of: selected($0)) }
    case .features(let matrix, let names):
      let numbered = matrix.numbered(by: names) ?? matrix
      return { numbered.selecting(rows: $0.map(Int.init)) }
    }
  }
}

extension Split {
  fileprivate func rows(where isMember: (Int) -> Bool) -> [Int] { (0..<count).filter(isMember) }
}

extension CSRMatrix {
  /// The same entries with `names` as column numbers, if these are distinct integers within the
  /// reader's limit; else nil.
  fileprivate func numbered(by names: [String]) -> CSRMatrix? {
    let numbers = names.compactMap { name in
      Int32(name).flatMap { $0 >= 0 && $0 < Int32.max && "\($0)" == name ? $0 : nil }
    }
    guard numbers.count == names.count, let last = numbers.max(),
      last < max(SVMLightFile.columnLimit, columnCount)
    else { return nil }
    return CSRMatrix(
      rowOffsets: rowOffsets, columns: MappedArray(columns.map { numbers[Int($0)] }),
      values: values, columnCount: Int(last) + 1)
  }
}
