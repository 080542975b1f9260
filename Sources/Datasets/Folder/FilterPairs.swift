import Storage

/// The filter pairs of `filter-train.jsonl` or `filter-test.jsonl`, not yet assigned to the rows of
/// a split.
struct FilterPairs {
  private let pairs: Split
  private let lines: LineReader
  private let ids: TextColumn

  /// Wraps the output of `SplitReader` for `lines`; `ids` are the documents' names.
  init(_ pairs: Split, lines: LineReader, ids: TextColumn) {
    self.pairs = pairs
    self.lines = lines
    self.ids = ids
  }

  /// The pairs of each row of `split`; nil if there are none.
  ///
  /// - Parameter named: the split's name if every pair must belong to it; nil for a part of a
  ///   split.
  /// - Throws: `InputError` when a document is not in the split and bad lines are refused.
  func matrix(for split: Split, named name: String?) throws -> CSRMatrix? {
    var row: [Int32: Int] = [:]
    for (index, document) in pairs.documentIndices.enumerated() { row[document] = index }
    if let name, lines.policy == .refuse {
      let known = Set(split.documentIndices)
      if let stray = pairs.documentIndices.first(where: { !known.contains($0) }) {
        throw InputError(
          file: lines.name, reason: "the document \"\(ids[Int(stray)])\" is not in \(name).jsonl",
          expected: "documents of \(name).jsonl")
      }
    }
    let matrix = CSRMatrix(
      rows: split.documentIndices.map { document in
        row[document].map { pairs.labels.columns(ofRow: $0).map(Int.init) } ?? []
      }, columnCount: split.labels.columnCount)
    return matrix.entryCount > 0 ? matrix : nil
  }
}
