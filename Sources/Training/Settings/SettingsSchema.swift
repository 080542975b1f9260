import Datasets
import Foundation
import Learning

/// Every key that a configuration can have, read off the types themselves.
struct SettingsSchema {
  /// What a key's value has to be.
  enum Kind {
    /// Keys of its own.
    case group
    /// A list of groups of the same keys.
    case groups
    case integer
    /// An integer of at least 0.
    case natural
    case number
    case boolean
    case text
    /// Something that the decoder alone understands.
    case anything

    /// For people.
    var described: String {
      switch self {
      case .group: "{…}"
      case .groups: "[{…}, …]"
      case .integer: "a whole number"
      case .natural: "a whole number of at least 0"
      case .number: "a number"
      case .boolean: "true or false"
      case .text: "text in quotation marks"
      case .anything: "another value"
      }
    }
  }

  /// What is known of one key.
  struct Entry {
    var kind: Kind
    var isOptional: Bool
  }

  /// By the keys' paths, such as `loop.epochs`.
  private(set) var entries: [String: Entry] = [:]
  /// The default of every key, those of groups included that are missing by default.
  let usual: SettingsValue

  /// The losses that a configuration can name.
  static let losses: [TrainingLoss] = [
    .decoupledSoftmax(.init()), .infoNCE(.init()), .binaryCrossEntropy(.init()),
    .softTopK(.init()), .squaredHinge(.init()), .mlcd(.init()), .zLoss(.init()),
  ]

  /// The defaults with every group that may be missing.
  static var complete: TrainingConfiguration {
    var configuration = TrainingConfiguration(dataset: "")
    configuration.transformer = TransformerSettings(checkpoint: "")
    configuration.negatives = NegativeConfiguration(filter: FalseNegativeFilter())
    configuration.model.wide = .init()
    return configuration
  }

  init() throws {
    let encoder = JSONEncoder()
    func tree(_ value: some Encodable) throws -> SettingsValue {
      try SettingsText.read(
        String(decoding: try encoder.encode(value), as: UTF8.self), file: "defaults")
    }
    var usual = try tree(Self.complete)
    let losses = try Self.losses.flatMap { loss in
      guard case .object(let members) = try tree(loss).content else { return members(of: usual) }
      return members
    }
    usual.set("loss", to: SettingsValue(content: .object(losses), line: 0))
    self.usual = usual
    add(Self.complete, at: "")
    for loss in Self.losses { add(loss, at: "loss") }
  }

  /// The names of the keys of a group.
  func names(in group: String) -> [String] {
    let prefix = group.isEmpty ? "" : group + "."
    return SettingsNote.all.map(\.path)
      .filter { $0.hasPrefix(prefix) && entries[$0] != nil }
      .map { String($0.dropFirst(prefix.count)) }.filter { !$0.contains(".") && !$0.isEmpty }
  }

  private mutating func add(_ value: Any, at path: String) {
    for child in Mirror(reflecting: value).children {
      guard let label = child.label else { continue }
      let own = path.isEmpty ? label : "\(path).\(label)"
      entries[own] = entry(of: child.value, at: own)
    }
  }

  private mutating func entry(of value: Any, at path: String) -> Entry {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
      guard let wrapped = mirror.children.first?.value else {
        return Entry(kind: kind(ofOptional: mirror.subjectType), isOptional: true)
      }
      return Entry(kind: entry(of: wrapped, at: path).kind, isOptional: true)
    }
    let kind: Kind
    switch value {
    case is Bool: kind = .boolean
    case is Int: kind = .integer
    case is UInt64: kind = .natural
    case is Double: kind = .number
    case is String: kind = .text
    // An empty list of numbers would pass for one of anything: it has to come first.
    case is ClosedRange<Int>, is [Int], is SoftTopKLoss.Places: kind = .anything
    case let families as [TextFeatures.Family]:
      kind = .groups
      if let first = families.first { add(first, at: path) }
    default:
      // Other enumerations are words, and a loss is one with its settings.
      let isWord = mirror.displayStyle == .enum && !(value is TrainingLoss)
      kind = isWord ? .text : .group
      if !isWord { add(value, at: path) }
    }
    return Entry(kind: kind, isOptional: false)
  }

  private func kind(ofOptional type: Any.Type) -> Kind {
    switch type {
    case is Int?.Type: .integer
    case is Double?.Type: .number
    default: .text
    }
  }
}

private func members(of value: SettingsValue) -> [(name: String, line: Int, value: SettingsValue)] {
  if case .object(let members) = value.content { members } else { [] }
}

extension SettingsValue {
  /// Gives a key of an object another value, or one it has not had.
  mutating func set(_ name: String, to value: SettingsValue) {
    guard case .object(var members) = content else { return }
    members.removeAll { $0.name == name }
    members.append((name, value.line, value))
    content = .object(members)
  }
}
