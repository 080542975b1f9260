import Storage

/// Which fields of a record are its text, its labels and its name.
struct ColumnMapping: Hashable {
  /// The fields of the text, joined by line ends.
  var text: [String]
  /// The field of the labels; nil if there is none.
  var label: String?
  /// The field of the document's name; nil to name it by its line.
  var id: String?
  /// The text between two labels in one cell; nil for none.
  var separator: String?

  /// The value of `DataReading.id` that says that documents have no names.
  static let noID = "none"

  /// Decides by the names of the columns and the first records.
  ///
  /// - Parameters:
  ///   - sample: the first records of the file.
  ///   - file: its name, for errors.
  ///   - needsLabels: whether records without labels are of no use.
  /// - Throws: `InputError` that shows the columns, if it is not clear which ones are meant.
  init(_ sample: [SourceRecord], _ reading: DataReading, file: String, needsLabels: Bool) throws {
    var names: [String] = []
    var seen: Set<String> = []
    for record in sample {
      for name in record.names where seen.insert(name).inserted { names.append(name) }
    }
    if sample.count == 1, !names.contains(where: UsualColumns.isText), reading.text == nil,
      let list = sample[0].listOfRecords
    {
      throw InputError(
        file: file, reason: "the records are a list in \"\(list)\"",
        expected: "the list alone, as jq .\(list) writes it")
    }
    let columns = Columns(
      file: file, names: names, sample: sample, isLenient: reading.isPreference)
    let id = try columns.id(reading.id)
    var label = try columns.label(reading.label)
    let text =
      try columns.named(reading.text, "text")
      ?? columns.text(
        among: names.filter { $0 != label && $0 != id }, hasLabel: label != nil,
        needsLabels: needsLabels)
    label =
      try label
      ?? columns.guessedLabel(
        among: names.filter { !text.contains($0) && $0 != id }, isNeeded: needsLabels)
    (self.text, self.label, self.id) = (text, label, id)
    separator =
      reading.separator.map { $0.isEmpty ? nil : $0 }
      ?? label.flatMap { columns.separator(of: $0) }
  }

  /// The mapping of records that are as the reader of lines wants them.
  static let plain = ColumnMapping(text: ["text"], label: "labels", id: "id", separator: nil)

  private init(text: [String], label: String?, id: String?, separator: String?) {
    (self.text, self.label, self.id, self.separator) = (text, label, id, separator)
  }

  /// The mapping in words.
  var note: String {
    var parts = ["text: \(text.map { "\"\($0)\"" }.joined(separator: ", "))"]
    if let label {
      parts.append(
        "labels: \"\(label)\"" + (separator.map { ", separated by \"\($0)\"" } ?? ""))
    }
    if let id { parts.append("id: \"\(id)\"") }
    return parts.joined(separator: "; ")
  }

  /// Whether a field is metadata.
  func isExtra(_ name: String) -> Bool { name != label && name != id && !text.contains(name) }
}

/// The columns of a file, to choose from.
private struct Columns {
  let file: String
  let names: [String]
  let sample: [SourceRecord]
  /// Whether columns that are named but missing are guessed.
  let isLenient: Bool

  /// An error that shows the columns.
  func unclear(_ reason: String, _ expected: String) -> InputError {
    let shown = names.prefix(12).map { name in
      let value = sample.lazy.compactMap { $0[name]?.value }.first { $0 != .null }
      let text = value.map { $0.plainText ?? $0.json } ?? ""
      return "\"\(name)\" (\(String(text.prefix(24)).onOneLine)\(text.count > 24 ? "…" : ""))"
    }
    let columns = shown.joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    return InputError(
      file: file, reason: "\(reason); its columns are \(columns.isEmpty ? "none" : columns)",
      expected: expected)
  }

  /// The column that an option names: as it is written, or but for case.
  private func column(_ name: String) -> String? {
    let name = name.normalizedToNFC
    if names.contains(name) { return name }
    let same = names.filter { $0.lowercased() == name.lowercased() }
    return same.count == 1 ? same[0] : nil
  }

  /// The columns that an option names, separated by commas.
  func named(_ list: String?, _ option: String) throws -> [String]? {
    guard let list else { return nil }
    if let whole = column(list) { return [whole] }
    let parts = list.split(separator: ",").map { $0.trimmingBlanks() }
    if isLenient, !parts.allSatisfy({ column($0) != nil }) { return nil }
    return try parts.map { part in
      guard let name = column(part) else {
        throw unclear("the column \"\(part)\" is missing", "--\(option) COLUMN")
      }
      return name
    }
  }

  func id(_ option: String?) throws -> String? {
    if option == ColumnMapping.noID { return nil }
    if let name = try named(option, "id")?.first { return name }
    return names.first { UsualColumns.ids.contains(UsualColumns.plain($0)) }
      ?? names.first {
        // The customer of a ticket may have written others.
        UsualColumns.numbersDocuments(UsualColumns.plain($0)) && isDistinct($0)
      }
  }

  /// Whether no two records of the sample have the same value, and none has no value.
  private func isDistinct(_ name: String) -> Bool {
    let values = sample.compactMap { $0[name]?.value.plainText }.filter { !$0.isEmpty }
    return values.count == sample.count && Set(values).count == values.count
  }

  func label(_ option: String?) throws -> String? {
    guard let found = try named(option, "label") else { return nil }
    guard found.count == 1 else { throw unclear("--label is \(option ?? "")", "one column") }
    return found[0]
  }

  /// The columns of the text, a title first: by their names, or the longest of two.
  func text(among columns: [String], hasLabel: Bool, needsLabels: Bool) throws -> [String] {
    for title in UsualColumns.titles {
      guard let column = columns.first(where: { UsualColumns.plain($0) == title.name }) else {
        continue
      }
      let others = columns.filter { $0 != column }
      if let texts = title.texts {
        guard let text = others.first(where: { texts.contains(UsualColumns.plain($0)) }) else {
          continue
        }
        return [column, text]
      }
      let body = try usualText(among: others)
      let name = body.map { UsualColumns.plain($0) }
      if title.name == UsualColumns.subject, !hasLabel, !hasLabelsBeyondSubject(columns) {
        let isMail = name.map(UsualColumns.mails.contains) ?? true
        if needsLabels || !isMail { continue }
      }
      return [column] + [body].compactMap(\.self)
    }
    guard
      let name = try usualText(among: columns)
        ?? other(among: columns, isLong: true, hasLabel: hasLabel)
    else { throw unclear("no column is known as the text", "--text COLUMN") }
    return [name]
  }

  private func usualText(among columns: [String]) throws -> String? {
    try usual(UsualColumns.texts, among: columns, "text")
      ?? usual(UsualColumns.otherTexts, among: columns, "text")
  }

  private func hasLabelsBeyondSubject(_ columns: [String]) -> Bool {
    columns.contains {
      UsualColumns.isLabel($0) && UsualColumns.plain($0) != UsualColumns.subject
    }
  }

  /// The column of the labels, by its name or as the only one.
  func guessedLabel(among columns: [String], isNeeded: Bool) throws -> String? {
    guard isNeeded else {
      // Texts to answer need no labels: an unclear column stays metadata.
      let found = columns.filter { UsualColumns.isLabel($0) }
      return found.count == 1 ? found[0] : nil
    }
    // Mails and tickets have a subject, too.
    let columns =
      hasLabelsBeyondSubject(columns)
      ? columns.filter { UsualColumns.plain($0) != UsualColumns.subject } : columns
    guard
      let name = try usual(UsualColumns.labels, among: columns, "label")
        ?? usual(UsualColumns.otherLabels, among: columns, "label")
        ?? other(among: columns, isLong: false, hasLabel: false)
    else {
      let marks = columns.filter(hasMarks)
      throw unclear(
        "no column is known as the labels",
        marks.count > 1
          ? "one column of labels; \(marks[0]), \(marks[1])\(marks.count > 2 ? ", …" : "") are not "
            + "read as a column for each label" : "--label COLUMN")
    }
    return name
  }

  /// Whether a column only has 0 and 1.
  private func hasMarks(_ name: String) -> Bool {
    sample.allSatisfy { ["0", "1"].contains($0[name]?.value.plainText) }
  }

  /// The only column of a usual name; the first name of the list wins.
  func usual(_ usual: [String], among columns: [String], _ option: String) throws -> String? {
    let found = columns.filter { usual.contains(UsualColumns.plain($0)) }
    if let sure = found.first(where: { UsualColumns.plain($0) == usual[0] }) { return sure }
    guard found.count > 1 else { return found.first }
    let list = found.map { "\"\($0)\"" }.joined(separator: " and ")
    throw unclear(
      "both \(list) may be the \(option)",
      option == "text"
        ? "--text \(found[0]), or --text \(found.joined(separator: ",")) for several"
        : "--\(option) \(found[0])")
  }

  /// The column that must be meant, where few are left: the longest of two is the text.
  func other(among columns: [String], isLong: Bool, hasLabel: Bool) -> String? {
    if columns.count == 1 { return columns[0] }
    guard isLong, !hasLabel, columns.count == 2 else { return nil }
    let lengths = columns.map { name in
      sample.reduce(0) { $0 + ($1[name]?.value.plainText?.utf8.count ?? 0) }
    }
    guard lengths[0] != lengths[1] else { return nil }
    return columns[lengths[0] > lengths[1] ? 0 : 1]
  }

  /// The separator of labels in the cells of a column.
  ///
  /// In a column whose name is a plural, `|` and `;` are separators wherever they occur. Otherwise, and
  /// for a comma, a separator must make the labels fewer.
  func separator(of label: String) -> String? {
    let isPlural = label.lowercased().hasSuffix("s") && label.lowercased() != "class"
    let cells: [String] = sample.compactMap { record in
      guard case .string(let text) = record[label]?.value, !text.hasPrefix("["),
        !text.hasPrefix("<")
      else { return nil }
      return text
    }
    func makesFewer(_ separator: String) -> Bool {
      let pieces = cells.flatMap { $0.split(separator: separator).map { $0.trimmingBlanks() } }
      return pieces.count > cells.count && Set(pieces).count < Set(cells).count
    }
    for separator in ["|", ";"] where cells.contains(where: { $0.contains(separator) }) {
      if isPlural || makesFewer(separator) { return separator }
    }
    return isPlural && makesFewer(",") ? "," : nil
  }
}

extension ColumnMapping {
  /// The text of a record.
  ///
  /// - Throws: `LineFault` if it has none of the fields, or if one is an object.
  func text(of record: SourceRecord) throws(LineFault) -> String {
    var parts: [String] = []
    var isThere = false
    for name in text {
      guard let element = record[name] else { continue }
      isThere = true
      let part = try Self.text(of: element, name)
      if !part.isEmpty { parts.append(part) }
    }
    guard isThere else {
      throw LineFault(
        reason: "the record has no \(text.map { "\"\($0)\"" }.joined(separator: " and no "))",
        expected: "a text")
    }
    return parts.joined(separator: "\n")
  }

  private static func text(of element: JSONValue.Element, _ name: String) throws(LineFault)
    -> String
  {
    switch element.value {
    case .null: return ""
    case .array(let elements):
      var parts: [String] = []
      for element in elements { parts.append(try text(of: element, name)) }
      return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    case .object:
      throw LineFault(
        position: element.position, reason: "\"\(name)\" is an object", expected: "a text")
    default: return element.value.plainText ?? ""
    }
  }

  /// The labels of a record, without repetitions.
  ///
  /// - Throws: `LineFault` if it has no such field, or if a label has no name.
  func labels(of record: SourceRecord) throws(LineFault) -> [String] {
    guard let label, let element = record[label] else {
      throw LineFault(
        reason: "the record has no \"\(label ?? "labels")\"", expected: "its labels, or null")
    }
    var labels: [String] = []
    try Self.addLabels(of: element, separator: separator, to: &labels)
    var seen: Set<String> = []
    return labels.filter { seen.insert($0).inserted }
  }

  private static func addLabels(
    of element: JSONValue.Element, separator: String?, to labels: inout [String]
  ) throws(LineFault) {
    switch element.value {
    case .null: break
    case .string(let text): labels += names(in: text, separator: separator)
    case .number(let digits): labels.append(wholeNumber(digits))
    case .boolean(let isTrue): labels.append("\(isTrue)")
    case .array(let elements):
      for element in elements {
        if case .string(let name) = element.value {
          if !name.isEmpty { labels.append(name) }
        } else {
          try addLabels(of: element, separator: nil, to: &labels)
        }
      }
    case .object(let members):
      for key in ["id", "uri", "name", "label", "title"] {
        guard let name = members.first(where: { $0.name == key })?.element.value.plainText,
          !name.isEmpty
        else { continue }
        return labels.append(name)
      }
      throw LineFault(
        position: element.position,
        reason: "the label \(element.value.json.prefix(40)) has no name",
        expected: "a member \"id\", \"uri\", \"name\", \"label\" or \"title\"")
    }
  }

  /// The digits of a number; without the decimals of a whole one, which some programs write.
  static func wholeNumber(_ digits: String) -> String {
    digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits
  }

  /// The labels in the text of a cell: separated, as a list in brackets, or as URIs in angle brackets.
  private static func names(in cell: String, separator: String?) -> [String] {
    let cell = cell.trimmingBlanks()
    if cell.isEmpty { return [] }
    if let separator {
      return cell.split(separator: separator).map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
    }
    if cell.hasPrefix("["), cell.hasSuffix("]"), let list = list(in: cell) { return list }
    if cell.hasPrefix("<") {
      let words = cell.split(whereSeparator: \.isWhitespace)
      let uris = words.compactMap(\.withoutAngleBrackets)
      if uris.count == words.count { return uris }
    }
    return [cell]
  }

  /// The texts of a list as JSON or Python write it.
  private static func list(in cell: String) -> [String]? {
    do {
      let root = try JSONText(cell, file: "", isLenient: true).root.value
      guard case .array(let elements) = root else { return nil }
      let names = elements.compactMap(\.value.plainText)
      return names.count == elements.count ? names.filter { !$0.isEmpty } : nil
    } catch {
      return nil
    }
  }
}
