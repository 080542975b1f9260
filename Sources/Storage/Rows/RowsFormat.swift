/// A form of rows in a file.
package enum RowsFormat: String, CaseIterable, Sendable {
  /// JSON Lines: an object a row.
  case jsonl
  /// Tab-separated values with a header.
  case tsv
  /// Comma-separated values with a header.
  case csv

  /// The format that the end of a path names; nil if it names none.
  package init?(path: String) {
    guard let format = Self.allCases.first(where: { path.lowercased().hasSuffix(".\($0)") })
    else { return nil }
    self = format
  }
}
