import Storage

/// The effects of merging feedback into a data set.
public struct FeedbackSummary: Hashable, Sendable {
  /// Documents of train whose labels were changed.
  public var changed = 0
  /// New texts that were added to train.
  public var added = 0
  /// Texts of test documents, or of validation documents apart from train; they are left unchanged and not added to train.
  public var ofTest = 0
  /// New texts that have only rejected labels.
  public var withoutLabels = 0
  /// Labels that the data set did not have before.
  public var newLabels = 0

  /// Creates a summary without any changes.
  public init() {}
}

extension FeedbackSummary: CustomStringConvertible {
  /// One sentence about the merged and the ignored feedback.
  public var description: String {
    var parts = ["\(counted(changed, "document")) changed", "\(added) added"]
    if newLabels > 0 { parts.append(counted(newLabels, "new label")) }
    if ofTest > 0 { parts.append("\(counted(ofTest, "text")) of the test set ignored") }
    if withoutLabels > 0 {
      parts.append("\(counted(withoutLabels, "new text")) without accepted labels ignored")
    }
    return parts.joined(separator: ", ")
  }
}

extension Dataset {
  /// This data set with people's feedback on a model's answers merged into train.
  ///
  /// A text that is already in train gets the accepted labels and loses the rejected ones. A new
  /// text becomes a document of train with exactly the accepted labels. Texts of the test set are
  /// left out, so that test does not change. New labels are appended, with their texts if the file
  /// or the vocabulary has them.
  ///
  /// - Throws: `InputError` when the documents are features, or two labels have the same name.
  /// - Complexity: one pass over the texts.
  public func taking(_ feedback: FeedbackFile) throws -> (
    dataset: Dataset, summary: FeedbackSummary
  ) {
    guard let texts = documents.texts else {
      throw InputError(
        file: feedback.path, reason: "the documents are features, feedback is on texts",
        expected: "a data set of texts")
    }
    var summary = FeedbackSummary()
    var result = self
    let wanted = Dictionary(feedback.records.enumerated().map { ($1.text, $0) }) { $1 }
    var documentsOf = [[Int32]](repeating: [], count: feedback.records.count)
    for index in texts.indices {
      if let record = wanted[texts[index]] { documentsOf[record].append(Int32(index)) }
    }
    var testDocuments = Set(test?.documentIndices ?? MappedArray([]))
    if validationIsApart, let validation { testDocuments.formUnion(validation.documentIndices) }
    let trainDocuments = Set(train.documentIndices)

    let columns = try result.appendLabels(of: feedback, summary: &summary)
    var changes: [Int32: FeedbackFile.Record] = [:]
    var added: [FeedbackFile.Record] = []
    for (record, found) in zip(feedback.records, documentsOf) {
      if found.contains(where: testDocuments.contains) {
        summary.ofTest += 1
      } else if found.contains(where: trainDocuments.contains) {
        for document in found { changes[document] = record }
      } else if record.accepted.isEmpty {
        summary.withoutLabels += 1
      } else {
        added.append(record)
      }
    }
    summary.changed = train.documentIndices.reduce(0) { $0 + (changes[$1] == nil ? 0 : 1) }
    summary.added = added.count
    let first = documents.count
    result.documents = Documents(
      ids: documents.ids.appending(documents.ids.unusedNames(added.count, after: "feedback-")),
      content: .texts(texts.appending(added.map(\.text))), metadata: documents.metadata)
    result.train = result.train.changing(changes, columns: columns).appending(
      added.enumerated().map { (Int32(first + $0), $1) }, columns: columns)
    result.validation = result.validation?.changing(changes, columns: columns)
    return (result, summary)
  }

  /// Appends labels that only occur in feedback; returns every label's column.
  private mutating func appendLabels(
    of feedback: FeedbackFile, summary: inout FeedbackSummary
  ) throws -> [String: Int32] {
    let known = try NameIndex(labels.ids, of: "label", from: description.name)
    var columns: [String: Int32] = [:]
    for name in labels.ids { columns[name] = known[name].map { Int32($0) } }
    var new: [String] = []
    for label in feedback.records.flatMap(\.accepted) where columns[label] == nil {
      columns[label] = Int32(columns.count)
      new.append(label)
    }
    let added = feedback.labelTexts.filter { columns[$0.key] == nil }
    summary.newLabels = new.count + added.count
    defer { keep(added) }
    guard !new.isEmpty else { return columns }
    let old = labels
    // A label of the vocabulary that no document had until now.
    let described = Dictionary(old.candidates.map { ($0.id, $0) }) { first, _ in first }
    let newTexts = new.map { feedback.labelTexts[$0] ?? described[$0]?.text ?? "" }
    let newDetails = new.map { described[$0]?.details ?? LabelDetails() }
    let hasDetails = old.details != nil || newDetails.contains { !$0.isEmpty }
    let hasTexts = old.texts != nil || newTexts.contains { !$0.isEmpty }
    labels = Labels(
      ids: old.ids.appending(new),
      texts: hasTexts
        ? (old.texts ?? TextColumn([String](repeating: "", count: old.count))).appending(newTexts)
        : nil,
      details: hasDetails
        ? (old.details ?? [LabelDetails](repeating: LabelDetails(), count: old.count)) + newDetails
        : nil)
    labels.candidates = old.candidates.filter { columns[$0.id] == nil }
    labels.vocabularyHash = old.vocabularyHash
    train = train.widened(to: columns.count)
    validation = validation?.widened(to: columns.count)
    test = test?.widened(to: columns.count)
    return columns
  }

  /// Adds labels that people named but that no text has, with their texts by name.
  private mutating func keep(_ added: [String: String]) {
    for place in labels.candidates.indices {
      guard let text = added[labels.candidates[place].id], !text.isEmpty else { continue }
      labels.candidates[place].text = text
    }
    let known = Set(labels.candidates.map(\.id))
    labels.candidates += added.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.map {
      LabelVocabulary.Entry(id: $0.key, text: $0.value.isEmpty ? nil : $0.value)
    }
    labels.added = Set(added.keys)
  }
}

extension TextColumn {
  /// The same texts, followed by `more`.
  fileprivate func appending(_ more: [String]) -> TextColumn {
    guard !more.isEmpty else { return self }
    let (own, count) = (self, count)
    return TextColumn(count: count + more.count) { $0 < count ? own[$0] : more[$0 - count] }
  }

  /// Names that none of these texts equals.
  fileprivate func unusedNames(_ count: Int, after prefix: String) -> [String] {
    let taken = Set(lazy.filter { $0.hasPrefix(prefix) })
    var names: [String] = []
    var number = 0
    while names.count < count {
      number += 1
      let name = prefix + String(number)
      if !taken.contains(name) { names.append(name) }
    }
    return names
  }
}

extension Split {
  /// The same rows in a matrix with more labels.
  fileprivate func widened(to count: Int) -> Split {
    func wider(_ matrix: CSRMatrix) -> CSRMatrix {
      CSRMatrix(
        rowOffsets: matrix.rowOffsets, columns: matrix.columns, values: matrix.values,
        columnCount: count)
    }
    return Split(
      documentIndices: documentIndices, labels: wider(labels), filter: filter.map(wider))
  }

  /// The same rows, with the labels of some documents replaced.
  fileprivate func changing(
    _ changes: [Int32: FeedbackFile.Record], columns: [String: Int32]
  ) -> Split {
    guard !changes.isEmpty else { return self }
    return rebuilt { row, entries in
      guard let record = changes[documentIndices[row]] else { return }
      let wrong = Set(record.rejected.compactMap { columns[$0] })
      entries.removeAll { wrong.contains($0.column) }
      let known = Set(entries.map(\.column))
      for label in record.accepted {
        if let column = columns[label], !known.contains(column) { entries.append((column, 1)) }
      }
    }
  }

  /// The same rows, followed by one for each new document.
  fileprivate func appending(
    _ added: [(document: Int32, record: FeedbackFile.Record)], columns: [String: Int32]
  ) -> Split {
    guard !added.isEmpty else { return self }
    var offsets = Array(labels.rowOffsets)
    var newColumns = Array(labels.columns)
    for (_, record) in added {
      newColumns += record.accepted.compactMap { columns[$0] }
      offsets.append(Int64(newColumns.count))
    }
    let values = labels.values.map { values in
      Array(values) + [Float](repeating: 1, count: newColumns.count - labels.entryCount)
    }
    return Split(
      documentIndices: MappedArray(Array(documentIndices) + added.map(\.document)),
      labels: CSRMatrix(
        rowOffsets: MappedArray(offsets), columns: MappedArray(newColumns),
        values: values.map { MappedArray($0) }, columnCount: labels.columnCount),
      filter: filter.map { filter in
        CSRMatrix(
          rowOffsets: MappedArray(
            Array(filter.rowOffsets)
              + [Int64](repeating: Int64(filter.entryCount), count: added.count)),
          columns: filter.columns, values: filter.values, columnCount: filter.columnCount)
      })
  }

  private func rebuilt(
    _ change: (Int, inout [(column: Int32, value: Float)]) -> Void
  ) -> Split {
    var offsets: [Int64] = [0]
    var newColumns: [Int32] = []
    var values: [Float] = []
    for row in 0..<count {
      var entries = labels.entries(ofRow: row).map {
        (column: labels.columns[$0], value: labels.values?[$0] ?? 1)
      }
      change(row, &entries)
      newColumns += entries.map(\.column)
      values += entries.map(\.value)
      offsets.append(Int64(newColumns.count))
    }
    return Split(
      documentIndices: documentIndices,
      labels: CSRMatrix(
        rowOffsets: MappedArray(offsets), columns: MappedArray(newColumns),
        values: labels.values == nil ? nil : MappedArray(values),
        columnCount: labels.columnCount),
      filter: filter)
  }
}
