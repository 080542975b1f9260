package import Storage

/// Features of a data set's documents, of either kind.
extension TextFeatures {
  /// Learns the vocabulary of the documents in `rows`.
  ///
  /// - Parameter earlier: features to add them to; nil for none.
  /// - Throws: `ValueError` when the configuration is invalid or no feature occurs often enough.
  package init(
    learningFrom documents: Documents, rows: MappedArray<Int32>, configuration: Configuration,
    extending earlier: TextFeatures? = nil, threads: Int?
  ) throws {
    switch documents.content {
    case .texts(let texts):
      try self.init(
        learningFrom: SelectedTexts(texts: texts, rows: rows), configuration: configuration,
        threads: threads)
    case .features(let matrix, let names):
      try self.init(
        learningFrom: matrix, rows: rows.lazy.map(Int.init), names: names,
        configuration: configuration)
    }
    if let earlier { self = try earlier.joined(with: self) }
    guard vocabulary.count > 0 else {
      throw ValueError(
        "training documents",
        reason: "no feature occurs in at least \(configuration.minimumDocumentCount) documents",
        expected: "more documents, texts with words in common, or a smaller "
          + "features.minimumDocumentCount in the settings file")
    }
  }

  /// The bags of the documents in `rows`, `[rows, features]`.
  ///
  /// - Throws: `ValueError` when a weight of a document is not finite.
  package func bags(of documents: Documents, rows: MappedArray<Int32>, threads: Int?) throws
    -> CSRMatrix
  {
    switch documents.content {
    case .texts(let texts):
      try spooledBags(of: SelectedTexts(texts: texts, rows: rows), threads: threads)
    case .features(let matrix, let names):
      try bags(of: matrix, rows: rows.lazy.map(Int.init), names: names)
    }
  }

  /// The words among the features, found in the texts in `rows`.
  package func words(in texts: TextColumn, rows: MappedArray<Int32>) -> [KnownWord] {
    words(in: SelectedTexts(texts: texts, rows: rows))
  }

  /// The same for the features in `rows` of the vocabulary alone.
  ///
  /// A bag's features keep the weights that they have among all features.
  ///
  /// - Precondition: `rows` ascends.
  package func selecting(features rows: [Int]) throws -> TextFeatures {
    TextFeatures(configuration: configuration, vocabulary: try vocabulary.selecting(rows: rows))
  }
}

/// Some of a column's texts, decoded on access.
private struct SelectedTexts: RandomAccessCollection, Sendable {
  let texts: TextColumn
  let rows: MappedArray<Int32>

  var startIndex: Int { 0 }
  var endIndex: Int { rows.count }
  subscript(position: Int) -> String { texts[Int(rows[position])] }
}
