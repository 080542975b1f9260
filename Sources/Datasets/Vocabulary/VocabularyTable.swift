import Foundation
import Storage

/// A vocabulary as a table with a header: one label a row.
///
/// | column | other names of it |
/// |---|---|
/// | `id` | `uri`, `iri`, `identifier`, `concept` |
/// | `text` | `label`, `name`, `title`, `preferred`, `preflabel`; with a language, as in `label_sv` |
/// | `alternatives` | `alternative`, `altlabel`, `altlabels`, `synonyms`; with a language too |
/// | `parents` | `parent`, `broader` |
/// | `notation` | `code` |
/// | `language` | `lang` |
///
/// Case, blanks, hyphens and underscores in names do not count. Several alternatives or parents in a
/// cell are separated by `|`, or by `;` if the cell has no `|`. Other columns are ignored.
struct VocabularyTable {
  private enum Column: CaseIterable {
    case id, text, alternatives, parents, notation, language

    var names: [String] {
      switch self {
      case .id: ["id", "uri", "iri", "identifier", "concept"]
      case .text: ["text", "label", "name", "title", "preferred", "preflabel", "preferredlabel"]
      case .alternatives:
        [
          "alternatives", "alternative", "altlabel", "altlabels", "alternativelabel",
          "alternativelabels", "synonym", "synonyms",
        ]
      case .parents: ["parents", "parent", "broader"]
      case .notation: ["notation", "code"]
      case .language: ["language", "lang"]
      }
    }

    /// Whether a column may exist once for each language.
    var isText: Bool { self == .text || self == .alternatives }
  }

  private var places: [Column: Int] = [:]
  /// The language of the columns of texts.
  private var language: String?
  private(set) var entries: [LabelVocabulary.Entry] = []

  /// Reads the rows of a file.
  ///
  /// - Throws: `InputError` for a header without ids or texts, a row without an id, or texts in
  ///   several languages of which none is chosen.
  init(_ file: MappedFile, path: String, separator: UInt8, language: String?) throws {
    var isHeader = true
    try CSVDialect(separator: separator).forEachRow(of: file, named: path) { row, line in
      if isHeader {
        isHeader = false
        try readHeader(row, path: path, line: line, language: language)
      } else {
        try append(row, path: path, line: line)
      }
    }
  }

  private mutating func readHeader(
    _ row: [String], path: String, line: Int, language: String?
  ) throws {
    var texts: [Column: [(language: String?, place: Int)]] = [:]
    for (place, name) in row.enumerated() {
      guard let (column, tag) = Self.column(name) else { continue }
      if column.isText {
        texts[column, default: []].append((tag, place))
      } else if places[column] == nil {
        places[column] = place
      }
    }
    let header = row.map { "\"\($0)\"" }.joined(separator: ", ")
    guard places[.id] != nil, let candidates = texts[.text] else {
      throw InputError(
        file: path, line: line,
        reason: "the header \(header.prefix(200)) has no column of "
          + (places[.id] == nil ? "ids" : "texts"),
        expected: "columns id and text (or uri and label), and optionally alternatives, parents, "
          + "notation, language")
    }
    let tags = candidates.compactMap { $0.language }
    self.language = try LanguageChoice(tags, wanted: language, path: path).language
    for (column, columns) in texts {
      places[column] =
        (columns.first { LanguageChoice.matches($0.language, self.language) }
        ?? columns.first { $0.language == nil })?.place
    }
    if self.language == nil { self.language = language }
  }

  /// The column that a header cell names, and its language.
  private static func column(_ cell: String) -> (column: Column, language: String?)? {
    let name = cell.trimmingCharacters(in: .whitespaces)
    if let column = Column.allCases.first(where: { $0.names.contains(UsualColumns.plain(name)) }) {
      return (column, nil)
    }
    // label_sv, altLabel_zh-Hant, label@sv
    guard let mark = name.lastIndex(where: { $0 == "_" || $0 == "@" || $0 == ":" }) else {
      return nil
    }
    let tag = name[name.index(after: mark)...].lowercased()
    guard tag.count >= 2, tag.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }) else {
      return nil
    }
    let column = Column.allCases.first {
      $0.isText && $0.names.contains(UsualColumns.plain(name[..<mark]))
    }
    return column.map { ($0, tag) }
  }

  private mutating func append(_ row: [String], path: String, line: Int) throws {
    func cell(_ column: Column) -> String? {
      guard let place = places[column], place < row.count else { return nil }
      let text = row[place].trimmingCharacters(in: .whitespacesAndNewlines)
      return text.isEmpty ? nil : text
    }
    func list(_ column: Column) -> [String] {
      guard let text = cell(column) else { return [] }
      return text.split(separator: text.contains("|") ? "|" : ";").map {
        $0.trimmingCharacters(in: .whitespacesAndNewlines)
      }.filter { !$0.isEmpty }
    }
    guard var id = cell(.id) else {
      throw InputError(
        file: path, line: line, reason: "the row has no id", expected: "an id in every row")
    }
    if id.hasPrefix("<"), id.hasSuffix(">") { id = String(id.dropFirst().dropLast()) }
    let name = try attributingErrors(to: "\(path):\(line)") { try Name(id, of: "id", from: path) }
    entries.append(
      LabelVocabulary.Entry(
        id: name.text, text: cell(.text),
        details: LabelDetails(
          alternatives: list(.alternatives), parents: list(.parents), notation: cell(.notation),
          language: cell(.language) ?? language)))
  }
}

/// The language in which texts are read.
struct LanguageChoice {
  /// The language; nil for texts without one.
  let language: String?

  /// Chooses among the languages of a file's preferred texts.
  ///
  /// - Throws: `InputError` if there are several and none is wanted, or if there is none as wanted.
  init(_ found: [String], wanted: String?, path: String) throws {
    var counts: [String: Int] = [:]
    for tag in found {
      counts[tag.lowercased().split(separator: "-").first.map(String.init) ?? "", default: 0] += 1
    }
    let names = counts.sorted { (-$0.value, $0.key) < (-$1.value, $1.key) }.map(\.key)
    guard let wanted else {
      guard names.count <= 1 else {
        throw InputError(
          file: path,
          reason: "the labels have texts in \(names.count) languages: "
            + names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : ""),
          expected: "one of them, such as --language \(names[0])")
      }
      language = names.first
      return
    }
    guard found.isEmpty || found.contains(where: { Self.matches($0, wanted) }) else {
      throw InputError(
        file: path, reason: "no label has a text in the language \"\(wanted)\"",
        expected: "one of \(names.prefix(12).joined(separator: ", "))")
    }
    language = wanted
  }

  /// Whether a language tag is the wanted one or a variety of it: "sv-FI" is a variety of "sv".
  static func matches(_ tag: String?, _ wanted: String?) -> Bool {
    guard let tag = tag?.lowercased(), let wanted = wanted?.lowercased() else {
      return tag == nil && wanted == nil
    }
    return tag == wanted || tag.hasPrefix(wanted + "-")
  }
}
