/// A format of files with texts, with or without labels.
public enum DataFormat: String, Hashable, Sendable, Codable, CaseIterable {
  /// One JSON object per line.
  case jsonl
  /// A JSON array of objects, or objects over several lines.
  case json
  /// Rows of cells, with a separator that is guessed.
  case csv
  /// Rows of cells that tabs separate.
  case tsv
  /// Lines with words that begin with `__label__`.
  case fasttext
  /// Annif's corpus of short texts: a text, a tab, and URIs in angle brackets.
  case annif
  /// Annif's corpus of full texts: a folder with `NAME.txt` and `NAME.key` or `NAME.tsv`.
  case annifFolder = "annif-folder"
  /// The sparse format of the extreme-classification repository: a file, or a folder of two.
  case svmlight
  /// The text format of that repository, a folder.
  case xmcText = "xmc-text"
  /// A text per line, without labels.
  case lines

  /// Its name in notes and errors.
  public var title: String {
    switch self {
    case .jsonl: "JSON lines"
    case .json: "JSON"
    case .csv: "CSV"
    case .tsv: "TSV"
    case .fasttext: "fastText lines"
    case .annif: "an Annif corpus of short texts"
    case .annifFolder: "an Annif corpus of full texts"
    case .svmlight: "svmlight"
    case .xmcText: "xmc-text"
    case .lines: "plain text, one per line"
    }
  }
}
