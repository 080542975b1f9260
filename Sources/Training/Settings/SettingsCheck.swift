import Torch

/// Compares a settings file with what is known of its keys, and fills in what it leaves out.
struct SettingsCheck {
  let schema: SettingsSchema
  let file: String

  /// The same values with the defaults of all keys that are missing.
  ///
  /// - Throws: `InputError` for the first key or value that cannot be used.
  func completed(_ root: SettingsValue) throws -> SettingsValue {
    try group(root, over: schema.usual, at: "")
  }

  private func fault(_ line: Int, _ reason: String, expected: String? = nil) -> InputError {
    InputError(file: file, line: line, reason: reason, expected: expected)
  }

  private func group(_ value: SettingsValue, over usual: SettingsValue, at path: String) throws
    -> SettingsValue
  {
    guard case .object(let members) = value.content else {
      let name = path.isEmpty ? "the file" : path
      throw fault(value.line, "\(name) is \(value.described)", expected: "{…}")
    }
    let known = schema.names(in: path)
    for member in members where !known.contains(member.name) {
      throw unknown(member.name, line: member.line, among: known, of: path)
    }
    if path == "loss", members.count != 1 {
      throw fault(
        value.line, "\(members.count) losses are named", expected: "one of \(joined(known))")
    }
    var result: [(name: String, line: Int, value: SettingsValue)] = []
    for name in known {
      let own = path.isEmpty ? name : "\(path).\(name)"
      guard let entry = schema.entries[own] else { continue }
      let standard = usual.value(of: name)
      if let given = value.value(of: name) {
        if let taken = try self.value(given, entry, over: standard, at: own) {
          result.append((name, given.line, taken))
        }
      } else if path == "loss" || Self.isMissingByDefault(own) {
        continue
      } else if let standard {
        // What is a group has a default for each of its keys, once those that may be are left out.
        let whole =
          if case .group = entry.kind {
            try group(
              .init(content: .object(own == "loss" ? Self.usualLoss : []), line: 0),
              over: standard, at: own)
          } else {
            standard
          }
        result.append((name, 0, whole))
      }
    }
    return SettingsValue(content: .object(result), line: value.line)
  }

  /// The groups that a configuration has none of unless they are named.
  static func isMissingByDefault(_ path: String) -> Bool {
    ["transformer", "negatives", "negatives.filter", "model.wide"].contains(path)
  }

  private static let usualLoss: [(name: String, line: Int, value: SettingsValue)] = [
    ("decoupledSoftmax", 0, SettingsValue(content: .object([]), line: 0))
  ]

  /// A value as the decoder takes it; nil for one that is left out.
  private func value(
    _ given: SettingsValue, _ entry: SettingsSchema.Entry, over usual: SettingsValue?,
    at path: String
  ) throws -> SettingsValue? {
    func refusal(_ expected: String) -> InputError {
      fault(given.line, "\(path) is \(given.described)", expected: expected)
    }
    let note = SettingsNote.all.first { $0.path == path }
    let choices = note?.choices ?? []
    switch (given.content, entry.kind) {
    case (.null, _):
      // Null stands for what is found out later, or for nothing.
      if note?.usual != nil || path == "dataset" { return usual }
      guard entry.isOptional else { throw refusal(entry.kind.described) }
      return nil
    case (.object, .group):
      return try group(given, over: usual ?? schema.usual, at: path)
    case (.array(let values), .groups):
      guard case .array(let standards)? = usual?.content, let first = standards.first else {
        return given
      }
      let whole = try values.map { try group($0, over: first, at: path) }
      return SettingsValue(content: .array(whole), line: given.line)
    case (.string(let text), .text):
      if !choices.isEmpty, !choices.contains(text) {
        let nearest = choices.nearest(to: text).map { "\"\($0)\", or another of " } ?? "one of "
        throw refusal(nearest + joined(choices))
      }
      return given
    case (.number(let digits), .integer):
      guard Int(digits) != nil else { throw refusal(entry.kind.described) }
      return given
    case (.number(let digits), .natural):
      guard UInt64(digits) != nil else { throw refusal(entry.kind.described) }
      return given
    case (.number(let digits), .number):
      guard let number = Double(digits), number.isFinite else { throw refusal("a finite number") }
      return given
    case (.boolean, .boolean), (.object, .anything), (.array, .anything): return given
    default:
      throw refusal(choices.isEmpty ? entry.kind.described : "one of \(joined(choices))")
    }
  }

  private func unknown(_ name: String, line: Int, among known: [String], of path: String)
    -> InputError
  {
    let place = path.isEmpty ? "" : " in \(path)"
    let elsewhere = schema.entries.keys.sorted()
    let expected: String
    if let near = known.nearest(to: name) {
      expected = "\"\(near)\""
    } else if let far = elsewhere.nearest(
      to: name, by: { String($0.split(separator: ".").last ?? "") })
    {
      expected = "one of \(joined(known)); or did you mean \(far)?"
    } else {
      expected = "one of \(joined(known))"
    }
    return fault(line, "the key \"\(name)\"\(place) is not known", expected: expected)
  }

  private func joined(_ names: [String]) -> String { names.joined(separator: ", ") }
}
