public import Datasets
import Storage

extension SettingsFile {
  /// A file with every key: its default, its effect, and the source of the default.
  ///
  /// - Parameters:
  ///   - dataset: the data set to name in it; nil leaves it to the command line.
  ///   - data: how to read it; nil leaves it to be guessed.
  public static func template(dataset: String? = nil, data: DataReading? = nil) -> String {
    var writer = TemplateWriter(dataset: dataset, data: data)
    return writer.text()
  }
}

/// Writes the text of a new settings file.
private struct TemplateWriter {
  let dataset: String?
  let data: DataReading?
  private var lines: [String] = []

  init(dataset: String?, data: DataReading?) { (self.dataset, self.data) = (dataset, data) }

  mutating func text() -> String {
    comment(
      "Settings of a training run: decant train --config FILE. Every key is here with its default; "
        + "a key that is left out has the same default. Keys in comments have defaults that follow "
        + "from the data; remove the slashes to fix one. So have the loss, initialScale and wide while "
        + "they are as here. Options of the command line override this "
        + "file. The source of a default is in brackets; tuned means chosen on the validation part "
        + "of debian-tags.", indent: "")
    lines.append("{")
    write(TrainingConfiguration.settings, indent: "  ")
    lines.append("}")
    return lines.joined(separator: "\n") + "\n"
  }

  private mutating func write(
    _ settings: [Setting], indent: String, explained: Set<String> = []
  ) {
    for setting in settings {
      switch setting.kind {
      case .group where setting.path == "loss": writeLosses(setting, indent: indent)
      case .group where setting.path == "data" && data != nil:
        comment(setting.text, indent: indent)
        lines.append("\(indent)\"data\": \(JSONValue(encoding: data).json),")
      case .group where setting.isOptionalGroup: writeMissing(setting, indent: indent)
      case .group:
        comment(setting.text, indent: indent)
        writeGroup(setting, indent: indent)
      case .groups:
        let start = lines.count
        writeList(setting, indent: indent)
        if setting.followsData { comment(from: start, indent: indent) }
      default:
        if !explained.contains(setting.name) { comment(remark(setting), indent: indent) }
        let start = lines.count
        lines.append("\(indent)\"\(setting.name)\": \(shown(setting)),")
        if setting.followsData { comment(from: start, indent: indent) }
      }
    }
  }

  private mutating func writeList(_ list: Setting, indent: String) {
    comment("\(list.text) Default: \(list.origin).", indent: indent)
    for member in list.members {
      comment("- \(member.name): \(member.text)\(choices(member))", indent: indent)
    }
    lines.append("\(indent)\"\(list.name)\": [")
    if case .array(let elements) = list.usual {
      for element in elements {
        let members = list.members.compactMap { setting in
          element.value.members.first { $0.name == setting.name }
        }
        lines.append("\(indent)  \(JSONValue.object(members).json),")
      }
    }
    lines.append("\(indent)],")
  }

  private mutating func writeGroup(
    _ group: Setting, indent: String, explained: Set<String> = []
  ) {
    lines.append("\(indent)\"\(group.name)\": {")
    write(group.members, indent: indent + "  ", explained: explained)
    lines.append("\(indent)},")
  }

  /// A group in a comment.
  private mutating func writeCommented(
    _ group: Setting, indent: String, explained: Set<String> = []
  ) {
    let start = lines.count
    writeGroup(group, indent: indent, explained: explained)
    comment(from: start, indent: indent)
  }

  /// Turns the lines from `start` on into comments.
  private mutating func comment(from start: Int, indent: String) {
    for index in start..<lines.count where !lines[index].hasPrefix(indent + "//") {
      lines[index] = "\(indent)// " + lines[index].dropFirst(indent.count)
    }
  }

  /// A group that is missing by default: a comment that can replace the line with null.
  private mutating func writeMissing(_ group: Setting, indent: String) {
    comment(
      "\(group.text) Default: \(null(group)). To add it, remove the line with null "
        + "and the slashes before these lines:", indent: indent)
    writeCommented(group, indent: indent)
    lines.append("\(indent)\"\(group.name)\": null,")
  }

  /// The first loss in force, the others in comments.
  private mutating func writeLosses(_ group: Setting, indent: String) {
    comment(
      "\(group.text) Name one, with its settings. Default: \(group.members[0].name) (Gupta et al. "
        + "2024).", indent: indent)
    lines.append("\(indent)\"loss\": {")
    let first = group.members[0]
    for loss in group.members {
      comment(loss.text, indent: indent + "  ")
      if loss.name == first.name {
        writeGroup(loss, indent: indent + "  ")
      } else {
        writeCommented(loss, indent: indent + "  ", explained: Set(first.members.map(\.name)))
      }
    }
    lines.append("\(indent)},")
  }

  private func shown(_ setting: Setting) -> String {
    if setting.path == "dataset", let dataset { return JSONValue.string(dataset).json }
    return setting.isDerived ? "null" : setting.usual.json
  }

  private func remark(_ setting: Setting) -> String {
    let isNull = setting.isDerived || setting.usual == .null
    let value = isNull ? null(setting) : setting.usual.json
    let origin = isNull && setting.origin == "ours" ? "" : " (\(setting.origin))"
    return "\(setting.text)\(choices(setting)) Default: \(value)\(origin)."
  }

  private func null(_ setting: Setting) -> String {
    setting.null.map { "null, meaning \($0)" } ?? "null"
  }

  private func choices(_ setting: Setting) -> String {
    setting.kind.words.isEmpty ? "" : " One of \(setting.kind.words.joined(separator: ", "))."
  }

  /// Lines of a comment, up to 100 columns wide.
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
