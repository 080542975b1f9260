package import Datasets

extension SkippedLines {
  /// How many lines were skipped and why the first one was; nil for none.
  package var note: String? {
    guard let reason = first.first else { return nil }
    return "\(count) \(count == 1 ? "line" : "lines") skipped; the first: \(reason)"
  }
}

extension Dataset {
  /// Sentences for the user: the lines that were skipped, and what was understood of the files.
  package var remarks: [String] { notes + [skipped.note].compactMap { $0 } }
}
