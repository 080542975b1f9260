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
  /// The training split.
  public var train: Split
  /// The documents that are held out for making choices; nil if there are none.
  ///
  /// Either all of them are rows of `train`, and a training that does not hold them out learns from
  /// them; or none is, as those of a separate file, and no training learns from them.
  public var validation: Split?
  /// The split for reported results; nil if there is none.
  ///
  /// It is never used to choose anything.
  public var test: Split?
  /// Name, origin and statistics.
  public var description: DatasetDescription
  /// The lines that were skipped on reading.
  public var skipped: SkippedLines
  /// Sentences for the user about the formats and columns that were understood.
  public var notes: [String] = []
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

  /// Whether no validation document is in `train`; false without a validation part.
  public var validationIsApart: Bool {
    guard let validation, let first = validation.documentIndices.first else { return false }
    return !train.documentIndices.contains(first)
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
  /// - Parameters:
  ///   - percent: the expected percentage of `train`, in `1 ... 99`.
  ///   - isGrouped: whether documents that copy each other, or nearly, stay on one side; see
  ///     `NearCopies`.
  public func carvingValidation(percent: Int = 10, keepingCopiesTogether isGrouped: Bool = true)
    -> Dataset
  {
    precondition(1...99 ~= percent, "\(percent) % of train cannot be held out")
    var carved = self
    let copies = isGrouped ? nearCopiesInTrain() : nil
    carved.validation = train.selecting(
      rows: (0..<train.count).filter { row in
        let document = Int(train.documentIndices[row])
        let name = documents.ids[copies?.representative(of: document) ?? document]
        return SplitBucket(of: name).number < percent
      })
    return carved
  }
}

extension Dataset {
  /// The documents of `train` that copy each other, or nearly.
  public func nearCopiesInTrain() -> NearCopies {
    NearCopies(of: documents, among: train.documentIndices.lazy.map(Int.init))
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
  /// The further keys or columns of the documents' records; nil if there are none.
  public var metadata: MetadataColumn?

  /// Creates documents from names and content.
  ///
  /// - Precondition: there are as many names as documents.
  public init(ids: TextColumn, content: Content, metadata: MetadataColumn? = nil) {
    let count =
      switch content {
      case .texts(let texts): texts.count
      case .features(let matrix, _): matrix.rowCount
      }
    precondition(ids.count == count, "\(ids.count) ids for \(count) documents")
    self.ids = ids
    self.content = content
    self.metadata = metadata
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
  /// `[labels]`; alternative texts, parents and codes, nil if no label has any.
  public var details: [LabelDetails]?
  /// Labels of a vocabulary that no document has, which are known by their texts alone.
  ///
  /// They have no column in the splits.
  public var candidates: [LabelVocabulary.Entry] = []
  /// The names of those candidates that people added to a service: every model ranks them, also one
  /// that does not learn from label texts.
  public var added: Set<String> = []
  /// A number that changes with the vocabulary that describes the labels; nil without one.
  public var vocabularyHash: UInt64?

  /// Creates labels from names, texts and details.
  ///
  /// - Precondition: there are as many names as texts and details.
  public init(ids: TextColumn, texts: TextColumn? = nil, details: [LabelDetails]? = nil) {
    precondition(
      texts.map { $0.count == ids.count } ?? true,
      "\(ids.count) ids for \(texts?.count ?? 0) texts")
    precondition(
      details.map { $0.count == ids.count } ?? true,
      "\(ids.count) ids for \(details?.count ?? 0) details")
    self.ids = ids
    self.texts = texts
    self.details = details
  }

  /// The number of labels.
  public var count: Int { ids.count }

  /// The labels `indices`, in that order, without candidates; those without a text get their name as
  /// text.
  package func selecting(_ indices: [Int]) -> Labels {
    Labels(
      ids: TextColumn(indices.map { ids[$0] }),
      texts: texts == nil ? nil : TextColumn(indices.map(textOrID(at:))),
      details: details.map { details in indices.map { details[$0] } })
  }

  /// The text of label `index` with its alternative texts, for a model to learn from.
  public func textWithAlternatives(at index: Int) -> String {
    LabelVocabulary.text(
      textOrID(at: index), alternatives: details?[index].alternatives ?? [])
  }

  /// The text of label `index`; nil if it has none.
  public func text(at index: Int) -> String? {
    guard let texts, !texts.isMissing(at: index) else { return nil }
    return texts[index]
  }

  /// The text of label `index`, or its name if it has none.
  public func textOrID(at index: Int) -> String { text(at: index) ?? ids[index] }
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

  /// The same rows with the labels `columns` alone, numbered in that order.
  ///
  /// - Precondition: `columns` ascends.
  package func selecting(labels columns: [Int]) -> Split {
    Split(
      documentIndices: documentIndices, labels: labels.selecting(columns: columns),
      filter: filter?.selecting(columns: columns))
  }
}
