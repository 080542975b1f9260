import Foundation
import Testing

/// Compares the defaults of a module's methods with a table that states the source of each.
///
/// A row is `File.parameter | value | source`, or `File.function.parameter | …` for functions other
/// than initializers. The table must list every default in the sources except those of shapes and
/// memory (`skipped`), and nothing else. A value is that of the property of an instance; a default
/// that no instance shows, or that belongs to another initializer, is listed as written.
public struct Defaults {
  private static let skipped: Set = [
    "blockSize", "device", "dtype", "generator", "generators",
  ]
  /// Defaults of data that is not passed; they are not hyperparameters.
  private static let nothing: Set = ["nil", "[]"]

  private let rows: [String: (value: String, source: String)]

  /// Parses a table.
  public init(_ table: String) throws {
    var rows: [String: (value: String, source: String)] = [:]
    for line in table.split(separator: "\n") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      try #require(cells.count == 3 && !cells[2].isEmpty, "not a row of the table: \(line)")
      try #require(rows.updateValue((cells[1], cells[2]), forKey: cells[0]) == nil, "\(cells[0])")
    }
    self.rows = rows
  }

  /// Expects the table to match the sources of `module` and `instances`.
  ///
  /// - Parameter instances: for a file or a file's function, an object created with only the
  ///   required arguments.
  public func expectAll(of module: String, _ instances: [String: Any]) throws {
    let written = try Self.written(in: module)
    #expect(
      Set(written.keys).subtracting(rows.keys).sorted() == [], "defaults missing in the table")
    #expect(
      Set(rows.keys).subtracting(written.keys).sorted() == [], "rows without a default")
    var seen: Set<String> = []
    for (name, text) in written {
      guard let row = rows[name], let dot = name.lastIndex(of: ".") else { continue }
      let owner = String(name[..<dot])
      let parameter = String(name[name.index(after: dot)...])
      let property = instances[owner].flatMap { instance in
        Mirror(reflecting: instance).children.first { $0.label == parameter }
      }
      if let property, !Self.isMadeElsewhere(text) {
        #expect(Self.text(property.value) == row.value, "\(name)")
        seen.insert(owner)
      } else {
        #expect(text == row.value, "\(name)")
      }
    }
    #expect(Set(instances.keys).subtracting(seen).sorted() == [], "instances without a row")
  }

  private static func isMadeElsewhere(_ text: String) -> Bool {
    text.hasSuffix(")") && (text.hasPrefix(".init") || text.first?.isUppercase == true)
  }

  private static func text(_ value: Any) -> String {
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .optional else { return "\(value)" }
    return mirror.children.first.map { text($0.value) } ?? "nil"
  }

  /// The defaults of public initializers and functions in `Sources/MODULE`, as written.
  private static func written(in module: String) throws -> [String: String] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.appendingPathComponent("Sources/\(module)")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    var found: [String: String] = [:]
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift" else { continue }
      let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        .filter { !$0.drop { $0 == " " }.hasPrefix("//") }
      let name = file.lastPathComponent.prefix { $0 != "." && $0 != "+" }
      for (function, parameter, text) in defaults(in: lines.joined(separator: "\n")) {
        let key = [String(name), function, parameter].compactMap { $0 }.joined(separator: ".")
        if let other = found.updateValue(text, forKey: key) {
          #expect(other == text, "\(key) has two defaults")
        }
      }
    }
    #expect(!found.isEmpty, "no sources in \(folder.path)")
    return found
  }

  private typealias Default = (function: String?, parameter: String, text: String)

  private static func defaults(in source: String) -> [Default] {
    let head = /public (?:(?:static|mutating|convenience) )*(?:init|func (\w+))(?:<[^>]*>)?\(/
    return source.matches(of: head).flatMap { match in
      let function = match.output.1.map(String.init)
      return parameters(source[match.range.upperBound...]).compactMap { parameter -> Default? in
        guard let match = parameter.firstMatch(of: /^\s*(\w+)[^=]*?\s=\s(.*)$/.dotMatchesNewlines())
        else { return nil }
        let words = match.output.2.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let name = String(match.output.1)
        let isData = function != nil && nothing.contains(words)
        return skipped.contains(name) || name == "_" || isData ? nil : (function, name, words)
      }
    }
  }

  /// The parameters up to the closing parenthesis.
  private static func parameters(_ source: Substring) -> [Substring] {
    var parts: [Substring] = []
    var (start, depth) = (source.startIndex, 0)
    for index in source.indices {
      switch source[index] {
      case "(", "[": depth += 1
      case ")" where depth == 0: return parts + [source[start..<index]]
      case ")", "]": depth -= 1
      case "," where depth == 0:
        parts.append(source[start..<index])
        start = source.index(after: index)
      default: break
      }
    }
    return []
  }
}
