public import Storage

/// Documents, labels, and the labels of each document: the input of multi-label training.
///
/// The value is cheap to copy and takes little memory: texts of a data set that was read from a
/// folder stay in the file until they are accessed, label matrices are memory-mapped if possible.
public struct Dataset: Sendable {
  /// Every document, of all splits.
  public var documents: Documents
  /// Every label.
  public var labels: Labels
  /// The training split, validation documents included.
  public var train: Split
  /// The part of `train` that is held out for making choices; nil if there is none.
  public var validation: Split?
  /// The split for reported results; nil if there is none.
  ///
  /// It is never used to choose anything.
  public var test: Split?
  /// Name, origin and statistics.
  public var description: DatasetDescription
  /// The lines that were skipped on reading.
  public var skipped: SkippedLines
  /// A number that changes with any document, label or split; nil for a data set that was not read
  /// from files.
  public var contentHash: UInt64?

  /// Creates a data set from its parts.
  ///
  /// - Precondition: the splits' matrices have one column per label, and their document indices
  ///   exist.
  public init(
    documents: Documents, labels: Labels, train: Split, validation: Split? = nil,
    test: Split? = nil, description: DatasetDescription, skipped: SkippedLines = SkippedLines(),
    contentHash: UInt64? = nil
  ) {
    for split in [train, validation, test] {
      guard let split else { continue }
      precondition(
        split.labels.columnCount == labels.count,
        "a split has \(split.labels.columnCount) columns for \(labels.count) labels")
      precondition(
        split.documentIndices.allSatisfy { $0 >= 0 && Int($0) < documents.count },
        "a split names a document that does not exist")
    }
    self.documents = documents
    self.labels = labels
    self.train = train
    self.validation = validation
    self.test = test
    self.description = description
    self.skipped = skipped
    self.contentHash = contentHash
  }

  /// The rows of `train` whose document is not in `validation`, ascending; all rows without one.
  public var trainRowsOutsideValidation: [Int] {
    guard let validation else { return Array(0..<train.count) }
    let heldOut = Set(validation.documentIndices)
    return (0..<train.count).filter { !heldOut.contains(train.documentIndices[$0]) }
  }

  /// This data set with a new validation part, taken from `train` by `SplitBucket` of the
  /// documents' ids.
  ///
  /// - Parameter percent: the expected percentage of `train`, in `1 ... 99`.
  public func carvingValidation(percent: Int = 10) -> Dataset {
    precondition(1...99 ~= percent, "\(percent) % of train cannot be held out")
    var carved = self
    carved.validation = train.selecting(
      rows: (0..<train.count).filter {
        SplitBucket(of: documents.ids[Int(train.documentIndices[$0])]).number < percent
      })
    return carved
  }
}

/// The documents of a data set.
public struct Documents: Sendable {
  /// The two kinds of content.
  public enum Content: Sendable {
    /// One text per document.
    case texts(TextColumn)
    /// One row of weighted features per document, and the name of each column.
    case features(CSRMatrix, names: [String])
  }

  /// The documents' names, all different.
  public var ids: TextColumn
  /// The documents themselves, in the order of `ids`.
  public var content: Content

  /// Creates documents from names and content.
  ///
  /// - Precondition: there are as many names as documents.
  public init(ids: TextColumn, content: Content) {
    let count =
      switch content {
      case .texts(let texts): texts.count
      case .features(let matrix, _): matrix.rowCount
      }
    precondition(ids.count == count, "\(ids.count) ids for \(count) documents")
    self.ids = ids
    self.content = content
  }

  /// The number of documents.
  public var count: Int { ids.count }

  /// The texts; nil if the documents are features.
  public var texts: TextColumn? {
    if case .texts(let texts) = content { texts } else { nil }
  }
}

/// The labels of a data set.
public struct Labels: Sendable {
  /// The labels' names, all different.
  public var ids: TextColumn
  /// Descriptions of the labels; nil if no label has one.
  ///
  /// Individual labels may still lack one.
  public var texts: TextColumn?

  /// Creates labels from names and texts.
  ///
  /// - Precondition: there are as many names as texts.
  public init(ids: TextColumn, texts: TextColumn? = nil) {
    precondition(
      texts.map { $0.count == ids.count } ?? true,
      "\(ids.count) ids for \(texts?.count ?? 0) texts")
    self.ids = ids
    self.texts = texts
  }

  /// The number of labels.
  public var count: Int { ids.count }

  /// The text of label `index`, or its name if it has none.
  public func textOrID(at index: Int) -> String {
    guard let texts, !texts.isMissing(at: index) else { return ids[index] }
    return texts[index]
  }
}

/// The documents of one part of the data, with their labels.
public struct Split: Sendable, Equatable {
  /// `[rows]`; the document of each row.
  public var documentIndices: MappedArray<Int32>
  /// `[rows, labels]`; the labels of each row in the order of the data, without repetitions.
  ///
  /// Values, if present, are the weights of the pairs.
  public var labels: CSRMatrix
  /// `[rows, labels]`; the filter pairs, nil if there are none.
  ///
  /// They are labels that must not be ranked for a row, such as the document itself if documents
  /// are labels of each other. Only evaluation uses them: they are removed from the predictions,
  /// never from the true labels.
  public var filter: CSRMatrix?

  /// Creates a split from documents, labels and filter pairs.
  ///
  /// - Precondition: all have the same number of rows, and the matrices the same number of columns.
  public init(
    documentIndices: MappedArray<Int32>, labels: CSRMatrix, filter: CSRMatrix? = nil
  ) {
    precondition(
      documentIndices.count == labels.rowCount,
      "\(documentIndices.count) documents for \(labels.rowCount) rows of labels")
    if let filter {
      precondition(
        filter.rowCount == labels.rowCount && filter.columnCount == labels.columnCount,
        "filter pairs of \(filter.rowCount) rows and \(filter.columnCount) labels")
    }
    self.documentIndices = documentIndices
    self.labels = labels
    self.filter = filter
  }

  /// The number of rows.
  public var count: Int { documentIndices.count }

  /// The rows `rows`, in that order, as a new split.
  public func selecting(rows: [Int]) -> Split {
    Split(
      documentIndices: MappedArray(rows.map { documentIndices[$0] }),
      labels: labels.selecting(rows: rows), filter: filter?.selecting(rows: rows))
  }
}
