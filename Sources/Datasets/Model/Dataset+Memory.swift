import Storage

extension Dataset {
  /// Creates a data set of texts and the names of their labels; all are training documents.
  ///
  ///     let data = try Dataset(
  ///       texts: ["The printer is jammed", "The connection is lost"],
  ///       labels: [["printing"], ["network"]])
  ///
  /// The labels are in the order of their first use. Texts and names are brought into Normalization
  /// Form C, as when they are read from a file.
  ///
  /// - Parameters:
  ///   - labels: the names of each text's labels; a text may have none.
  ///   - ids: the names of the texts; nil for their numbers, from 1.
  ///   - labelTexts: descriptions of some labels, by name.
  ///   - name: the name of the data set in the records of runs and in messages.
  /// - Throws: `ValueError` if there are no texts, if the numbers of texts, `labels` and `ids` differ,
  ///   if a text contains U+0000, if a name is empty, has control characters or repeats within its
  ///   list, or if `labelTexts` names a label that no text has. It names the number of the text, from 1.
  public init(
    texts: [String], labels: [[String]], ids: [String]? = nil,
    labelTexts: [String: String] = [:], name: String = "memory"
  ) throws {
    guard !texts.isEmpty else {
      throw ValueError("texts", reason: "there are none", expected: "at least one")
    }
    guard texts.count <= Int32.max else {
      throw ValueError("texts", reason: "\(texts.count) texts", expected: "at most \(Int32.max)")
    }
    for (given, kind) in [(labels.count, "lists of labels"), (ids?.count ?? texts.count, "ids")]
    where given != texts.count {
      throw ValueError(
        kind, reason: "\(given) for \(texts.count) texts", expected: "one for each text")
    }
    if let place = texts.firstIndex(where: { $0.utf8.contains(0) }) {
      throw ValueError(
        "text \(place + 1)", reason: "it contains U+0000", expected: "a text without it")
    }
    let content = texts.map(\.normalizedToNFC)
    let (names, rows) = try Self.numbered(labels)
    let index = try NameIndex(names, of: "label", from: "labels")
    let documents = try ids?.enumerated().map { number, id in
      try Name(id, of: "id", from: "id of text \(number + 1)").text
    }
    if let documents { _ = try NameIndex(documents, of: "id", from: "ids") }
    var descriptions = [String](repeating: "", count: names.count)
    for (label, text) in labelTexts.sorted(by: { $0.key < $1.key }) {
      guard let column = index[label.normalizedToNFC] else {
        throw ValueError(
          "label texts", reason: "no text has the label \"\(label)\"",
          expected: "labels of the texts")
      }
      descriptions[column] = text.normalizedToNFC
    }
    let train = Split(
      documentIndices: MappedArray(content.indices.map { Int32($0) }),
      labels: CSRMatrix(rows: rows, columnCount: names.count))
    var sums = (content + (documents ?? []) + names + descriptions).map { XXHash64.hash($0) }
    for row in rows { sums += [UInt64(row.count)] + row.map { UInt64($0) } }
    self.init(
      documents: Documents(
        ids: documents.map { TextColumn($0) } ?? TextColumn(count: content.count) { "\($0 + 1)" },
        content: .texts(TextColumn(content))),
      labels: Labels(
        ids: TextColumn(names), texts: labelTexts.isEmpty ? nil : TextColumn(descriptions)),
      train: train,
      description: DatasetDescription(
        name: name,
        statistics: DatasetStatistics(
          train: train, validation: nil, test: nil, droppedTestPairs: 0)),
      contentHash: sums.withUnsafeBytes { XXHash64.hash($0) })
  }

  /// The names in the order of their first use, and the numbers of each text's labels.
  private static func numbered(_ labels: [[String]]) throws -> (names: [String], rows: [[Int]]) {
    var columns: [String: Int] = [:]
    var names: [String] = []
    let rows = try labels.enumerated().map { number, list in
      var row: [Int] = []
      for label in list {
        let source = "labels of text \(number + 1)"
        let name = try Name(label, of: "label", from: source).text
        let column = columns[name] ?? names.count
        guard !row.contains(column) else {
          throw ValueError(
            source, reason: "the label \"\(name)\" appears a second time",
            expected: "each label once")
        }
        if column == names.count {
          columns[name] = column
          names.append(name)
        }
        row.append(column)
      }
      return row
    }
    return (names, rows)
  }
}
