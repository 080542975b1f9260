import Torch

/// A value of a settings file, with the line that it begins in.
struct SettingsValue: Sendable {
  /// What it is.
  enum Content: Sendable {
    /// Keys in their order, each with its line.
    case object([(name: String, line: Int, value: SettingsValue)])
    case array([SettingsValue])
    case string(String)
    /// As it is written.
    case number(String)
    case boolean(Bool)
    case null
  }

  var content: Content
  var line: Int

  /// The value of a key of an object.
  func value(of name: String) -> SettingsValue? {
    guard case .object(let members) = content else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// What it is, for people.
  var described: String {
    switch content {
    case .object: "{…}"
    case .array: "[…]"
    case .string(let text): "\"\(text)\""
    case .number(let digits): digits
    case .boolean(let value): "\(value)"
    case .null: "null"
    }
  }

  /// The same as plain JSON.
  var json: String {
    switch content {
    case .object(let members):
      "{" + members.map { Self.quoted($0.name) + ":" + $0.value.json }.joined(separator: ",") + "}"
    case .array(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
    case .string(let text): Self.quoted(text)
    case .number(let digits): digits
    case .boolean(let value): "\(value)"
    case .null: "null"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// Reads JSON with what people need to write it by hand.
///
/// That is: comments (`// …` and `/* … */`), commas behind the last value, keys without quotation
/// marks. All of it is JSON5, <https://spec.json5.org>.
struct SettingsText {
  private let text: [Unicode.Scalar]
  private let file: String
  private var position = 0
  private var line = 1

  /// Reads the one value of a text.
  ///
  /// - Throws: `InputError` with the line of the first fault.
  static func read(_ text: String, file: String) throws -> SettingsValue {
    var reader = SettingsText(text: Array(text.unicodeScalars), file: file)
    let value = try reader.value(depth: 0)
    try reader.skipBlanks()
    guard reader.next == nil else { throw reader.unexpected("the end of the file") }
    return value
  }

  private init(text: [Unicode.Scalar], file: String) {
    self.text = text
    self.file = file
  }

  private var next: Unicode.Scalar? { position < text.count ? text[position] : nil }

  private func fault(_ reason: String, expected: String? = nil, line: Int? = nil) -> InputError {
    InputError(file: file, line: line ?? self.line, reason: reason, expected: expected)
  }

  private func unexpected(_ expected: String) -> InputError {
    fault(next.map { "\"\($0)\" is not expected here" } ?? "the file ends", expected: expected)
  }

  private mutating func advance() {
    if next == "\n" { line += 1 }
    position += 1
  }

  private mutating func skipBlanks() throws {
    while let scalar = next {
      if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
        advance()
      } else if scalar == "/", position + 1 < text.count, text[position + 1] == "/" {
        while let scalar = next, scalar != "\n" { _ = scalar; advance() }
      } else if scalar == "/", position + 1 < text.count, text[position + 1] == "*" {
        let begun = line
        advance()
        advance()
        while next != "*" || position + 1 >= text.count || text[position + 1] != "/" {
          guard next != nil else { throw fault("a comment without its end", line: begun) }
          advance()
        }
        advance()
        advance()
      } else {
        return
      }
    }
  }

  private mutating func skip(_ scalar: Unicode.Scalar) throws -> Bool {
    try skipBlanks()
    guard next == scalar else { return false }
    advance()
    return true
  }

  private mutating func value(depth: Int) throws -> SettingsValue {
    try skipBlanks()
    guard depth < 64 else { throw fault("more than 64 brackets in each other") }
    let begun = line
    let content: SettingsValue.Content
    switch next {
    case "{": content = .object(try members(depth: depth))
    case "[": content = .array(try elements(depth: depth))
    case "\"", "'": content = .string(try string())
    default:
      let word = self.word()
      switch word {
      case "true": content = .boolean(true)
      case "false": content = .boolean(false)
      case "null": content = .null
      case "": throw unexpected("a value")
      default:
        guard word.wholeMatch(of: #/-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/#) != nil else {
          throw fault("\(word) is not a value", expected: "text in quotation marks, or a number")
        }
        content = .number(word)
      }
    }
    return SettingsValue(content: content, line: begun)
  }

  private mutating func members(depth: Int) throws -> [(String, Int, SettingsValue)] {
    advance()
    var result: [(name: String, line: Int, value: SettingsValue)] = []
    while try !skip("}") {
      let begun = line
      let name = next == "\"" || next == "'" ? try string() : word()
      guard !name.isEmpty else { throw unexpected("a key") }
      guard try skip(":") else { throw unexpected("a colon behind \"\(name)\"") }
      if let first = result.first(where: { $0.name == name }) {
        throw fault(
          "the key \"\(name)\" comes twice",
          expected: "one of them; the first is in line \(first.line)",
          line: begun)
      }
      result.append((name, begun, try value(depth: depth + 1)))
      if try skip(",") { continue }
      guard try skip("}") else { throw unexpected("a comma or }") }
      break
    }
    return result
  }

  private mutating func elements(depth: Int) throws -> [SettingsValue] {
    advance()
    var result: [SettingsValue] = []
    while try !skip("]") {
      result.append(try value(depth: depth + 1))
      if try skip(",") { continue }
      guard try skip("]") else { throw unexpected("a comma or ]") }
      break
    }
    return result
  }

  private mutating func word() -> String {
    var result = String.UnicodeScalarView()
    while let scalar = next,
      scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        || "+-._$".unicodeScalars.contains(scalar)
    {
      result.append(scalar)
      advance()
    }
    return String(result)
  }

  private mutating func string() throws -> String {
    let (quote, begun) = (next, line)
    advance()
    var result = String.UnicodeScalarView()
    while let scalar = next, scalar != quote {
      guard scalar != "\n" else { break }
      advance()
      guard scalar == "\\" else {
        result.append(scalar)
        continue
      }
      guard let meaning = try escaped() else { throw fault("an escape that is not known") }
      result.append(meaning)
    }
    guard next == quote else { throw fault("text without its quotation mark", line: begun) }
    advance()
    return String(result)
  }

  private mutating func escaped() throws -> Unicode.Scalar? {
    guard let letter = next else { return nil }
    advance()
    switch letter {
    case "n": return "\n"
    case "t": return "\t"
    case "\\", "\"", "'", "/": return letter
    case "u":
      let digits = String(String.UnicodeScalarView(text[position...].prefix(4)))
      position = min(position + 4, text.count)
      return digits.utf8.count == 4 ? UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) : nil
    default: return nil
    }
  }
}
