import Foundation

extension SettingsFile {
  /// A file with every key, its default, what it does and where the default comes from.
  ///
  /// - Parameter dataset: the data set to name in it; nil leaves it to the command line.
  public static func template(dataset: String? = nil) throws -> String {
    var writer = TemplateWriter(schema: try SettingsSchema(), dataset: dataset)
    return writer.text()
  }
}

/// Puts the text of a new settings file together.
private struct TemplateWriter {
  let schema: SettingsSchema
  let dataset: String?
  private var lines: [String] = []

  init(schema: SettingsSchema, dataset: String?) {
    self.schema = schema
    self.dataset = dataset
  }

  mutating func text() -> String {
    comment(
      "Settings of a training: decant train --config FILE. Every key is here with its default; what "
        + "is left out has it too. Options of the command line win over this file. Behind a default, "
        + "in brackets, is where it comes from; tuned is chosen on the validation part of "
        + "debian-tags.", indent: "")
    lines.append("{")
    writeGroup("", schema.usual, indent: "  ")
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }

  private mutating func writeGroup(
    _ path: String, _ usual: SettingsValue, indent: String, withoutComments plain: [String] = []
  ) {
    for name in schema.names(in: path) {
      let own = path.isEmpty ? name : "\(path).\(name)"
      guard let entry = schema.entries[own],
        let note = SettingsNote.all.first(where: { $0.path == own })
      else { continue }
      let value = usual.value(of: name)
      if case .group = entry.kind, let value {
        if own == "loss" {
          writeLosses(value, note, indent: indent)
        } else if SettingsCheck.isMissingByDefault(own) {
          writeMissing(name, own, value, note, indent: indent)
        } else {
          comment(note.text, indent: indent)
          writeBlock(name, own, value, indent: indent)
        }
        continue
      }
      let shown = shown(own, value, note)
      if !plain.contains(name) { comment(remark(note, shown), indent: indent) }
      if case .groups = entry.kind, case .array(let elements)? = value?.content {
        for child in schema.names(in: own) {
          if let note = SettingsNote.all.first(where: { $0.path == "\(own).\(child)" }) {
            comment("- \(child): \(note.text)\(choices(note))", indent: indent)
          }
        }
        lines.append("\(indent)\"\(name)\": [")
        for element in elements { lines.append("\(indent)  \(row(element, of: own)),") }
        lines.append("\(indent)],")
      } else {
        lines.append("\(indent)\"\(name)\": \(shown),")
      }
    }
  }

  private mutating func writeBlock(
    _ name: String, _ path: String, _ value: SettingsValue, indent: String,
    withoutComments plain: [String] = []
  ) {
    lines.append("\(indent)\"\(name)\": {")
    writeGroup(path, value, indent: indent + "  ", withoutComments: plain)
    lines.append("\(indent)},")
  }

  /// A group that is missing by default: in a comment, ready to be put in the place of null.
  private mutating func writeMissing(
    _ name: String, _ path: String, _ value: SettingsValue, _ note: SettingsNote, indent: String
  ) {
    comment(
      "\(note.text) Default: null (\(note.origin)). To have it, remove the line with null and the "
        + "slashes before these:", indent: indent)
    let begun = lines.count
    writeBlock(name, path, value, indent: indent)
    for index in begun..<lines.count {
      lines[index] = "\(indent)// " + lines[index].dropFirst(indent.count)
    }
    lines.append("\(indent)\"\(name)\": null,")
  }

  private mutating func writeLosses(_ value: SettingsValue, _ note: SettingsNote, indent: String) {
    comment(note.text + " Default: decoupledSoftmax (Gupta et al. 2024).", indent: indent)
    lines.append("\(indent)\"loss\": {")
    let inner = indent + "  "
    for (index, name) in schema.names(in: "loss").enumerated() {
      guard let own = value.value(of: name),
        let note = SettingsNote.all.first(where: { $0.path == "loss.\(name)" })
      else { continue }
      comment(note.text, indent: inner)
      guard index > 0 else {
        writeBlock(name, "loss.\(name)", own, indent: inner)
        continue
      }
      // One is in force; the others wait in comments, with what has been explained left out.
      let shared = ["temperature", "blockSize"]
      let begun = lines.count
      writeBlock(name, "loss.\(name)", own, indent: inner, withoutComments: shared)
      for line in begun..<lines.count {
        lines[line] = "\(inner)// " + lines[line].dropFirst(inner.count)
      }
    }
    lines.append("\(indent)},")
  }

  private func shown(_ path: String, _ value: SettingsValue?, _ note: SettingsNote) -> String {
    if path == "dataset" {
      return dataset.map { SettingsValue(content: .string($0), line: 0).json } ?? "null"
    }
    return note.usual == nil ? value?.json ?? "null" : "null"
  }

  private func remark(_ note: SettingsNote, _ shown: String) -> String {
    let source = note.usual.map { "null, which is \($0) (\(note.origin))" }
    let isShort = shown.count < 40 && note.path != "dataset"
    let value = source ?? (isShort ? "\(shown) (\(note.origin))" : note.origin)
    return "\(note.text)\(choices(note)) Default: \(value)."
  }

  private func choices(_ note: SettingsNote) -> String {
    note.choices.isEmpty ? "" : " One of \(note.choices.joined(separator: ", "))."
  }

  /// One element of a list of groups on one line, its keys in the order of the notes.
  private func row(_ value: SettingsValue, of path: String) -> String {
    let pairs = schema.names(in: path).compactMap { name in
      value.value(of: name).map { "\"\(name)\": \($0.json)" }
    }
    return "{" + pairs.joined(separator: ", ") + "}"
  }

  /// Lines of a comment, no longer than a page is wide.
  private mutating func comment(_ text: String, indent: String) {
    var line = indent + "//"
    for word in text.split(separator: " ") {
      if line.count + 1 + word.count > 100 {
        lines.append(line)
        line = indent + "//"
      }
      line += " " + word
    }
    lines.append(line)
  }
}
