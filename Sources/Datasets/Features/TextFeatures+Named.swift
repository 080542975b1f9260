import Foundation
public import Storage

extension TextFeatures {
  /// Learns the vocabulary of documents that consist of named, weighted features.
  ///
  /// A feature occurs in a document if it is stored there, whatever its weight.
  ///
  /// - Parameters:
  ///   - matrix: `[documents, names]`.
  ///   - names: the name of each column; columns with the same name are one feature.
  /// - Throws: `ValueError` when the numbers of names and columns differ, or the configuration is
  ///   invalid. Its families are ignored.
  public init(
    learningFrom matrix: CSRMatrix, names: some Collection<String>,
    configuration: Configuration = Configuration()
  ) throws {
    try self.init(
      learningFrom: matrix, rows: 0..<matrix.rowCount, names: names, configuration: configuration)
  }

  /// The same of the documents in `rows` of the matrix.
  init(
    learningFrom matrix: CSRMatrix, rows: some Collection<Int>, names: some Collection<String>,
    configuration: Configuration
  ) throws {
    let configuration = try configuration.validated()
    let hashes = try Self.hashes(of: names, for: matrix)
    var counter = FeatureCounter()
    for row in rows {
      counter.nextDocument()
      counter.insert(matrix.columns(ofRow: row).map { hashes[Int($0)] })
    }
    self.init(
      configuration: configuration,
      vocabulary: try FeatureVocabulary.learned(
        counter, documentCount: rows.count, minimum: configuration.minimumDocumentCount,
        maximum: configuration.maximumFeatureCount))
  }

  /// The bags of documents that consist of named, weighted features.
  ///
  /// Each row is scaled to length 1, which keeps the ratios of its weights. Weights of the same
  /// feature are added up; features whose weights add up to 0 are left out.
  ///
  /// - Parameters:
  ///   - matrix: `[documents, names]`; entries without values weigh 1.
  ///   - names: the name of each column.
  /// - Returns: `[documents, features]`, columns ascending in each row.
  /// - Throws: `ValueError` when the numbers of names and columns differ or a weight is not finite;
  ///   `FileError` when a temporary file cannot be written.
  public func bags(of matrix: CSRMatrix, names: some Collection<String>) throws -> CSRMatrix {
    try bags(of: matrix, rows: 0..<matrix.rowCount, names: names)
  }

  /// The same of the documents in `rows` of the matrix, in that order.
  func bags(of matrix: CSRMatrix, rows: some Collection<Int>, names: some Collection<String>) throws
    -> CSRMatrix
  {
    let known = try Self.hashes(of: names, for: matrix).map { vocabulary.row(of: $0) ?? -1 }
    var result = CSRSpool()
    for (document, row) in rows.enumerated() {
      var entries: [(column: Int, weight: Double)] = []
      for entry in matrix.entries(ofRow: row) {
        let weight = Double(matrix.values?[entry] ?? 1)
        guard weight.isFinite else {
          throw ValueError(
            "features", reason: "a weight of document \(document) is \(weight)",
            expected: "a finite number")
        }
        let column = known[Int(matrix.columns[entry])]
        if column >= 0 { entries.append((column, weight)) }
      }
      entries.sort { ($0.column, $0.weight) < ($1.column, $1.weight) }
      Self.addEqualColumns(&entries)
      let length = entries.map { $0.weight * $0.weight }.reduce(0, +).squareRoot()
      result.append(
        columns: entries.map { Int32($0.column) },
        values: entries.map { Float($0.weight / length) })
    }
    return try result.matrix(columnCount: vocabulary.count)
  }

  private static func hashes(
    of names: some Collection<String>, for matrix: CSRMatrix
  ) throws -> [UInt64] {
    guard names.count == matrix.columnCount else {
      throw ValueError(
        "features", reason: "\(names.count) names for \(matrix.columnCount) columns",
        expected: "one name per column")
    }
    return names.map { FeatureHash.feature(XXHash64.hash($0), in: FeatureHash.named) }
  }

  /// Merges adjacent entries of the same column and removes those whose weights add up to 0.
  private static func addEqualColumns(_ entries: inout [(column: Int, weight: Double)]) {
    var sums: [(column: Int, weight: Double)] = []
    for entry in entries {
      if let last = sums.last, last.column == entry.column {
        sums[sums.count - 1].weight += entry.weight
      } else {
        sums.append(entry)
      }
    }
    entries = sums.filter { $0.weight != 0 }
  }
}
