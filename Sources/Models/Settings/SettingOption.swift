package import Storage

/// The command-line option of a setting.
package struct SettingOption: Sendable {
  /// The part of a command's options that it belongs to.
  package enum Section: Sendable {
    case data, parts, run, steps, model, loss, teacher, wide, transformer, negatives
  }

  /// How the option is written.
  package enum Form: Sendable {
    /// `--name value`. Some words stand for values that a file writes in another way.
    case value(words: [(word: String, value: JSONValue)] = [])
    /// `--name` and `--no-name`.
    case onOff
    /// Options without a value, each with the value that it stands for and its help.
    case switches([(name: String, value: JSONValue, help: String)])
  }

  package let section: Section
  package let name: String
  package let form: Form

  /// Whether the short help of a command has the option.
  package var isCommon: Bool { Self.common.contains(name) }

  /// The options that most people need.
  private static let common: Set = [
    "epochs", "feedback", "format", "id", "initial", "label", "patience", "seed", "test", "text",
    "validation",
  ]

  init(_ section: Section, _ name: String, _ form: Form = .value()) {
    (self.section, self.name, self.form) = (section, name, form)
  }

  static func run(_ name: String) -> SettingOption { .init(.run, name) }
  static func steps(_ name: String) -> SettingOption { .init(.steps, name) }
  static func model(_ name: String, _ form: Form = .value()) -> SettingOption {
    .init(.model, name, form)
  }
  static func loss(_ name: String) -> SettingOption { .init(.loss, name) }
  static func teacher(_ name: String) -> SettingOption { .init(.teacher, name) }
  static func wide(_ name: String, _ form: Form = .value()) -> SettingOption {
    .init(.wide, name, form)
  }
  static func transformer(_ name: String, _ form: Form = .value()) -> SettingOption {
    .init(.transformer, name, form)
  }
  static func negatives(_ name: String, _ form: Form = .value()) -> SettingOption {
    .init(.negatives, name, form)
  }
}

extension Setting {
  /// The words that the option takes; none if it takes other values too.
  package var optionWords: [String] {
    if case .value(let words) = option?.form, words.count > 1 { return words.map(\.word) }
    return kind.words
  }

  /// The value that a word of the command line stands for.
  ///
  /// - Throws: `SettingFault` for a value of another kind or out of range.
  package func value(of word: String) throws(SettingFault) -> JSONValue {
    if case .value(let words) = option?.form, let match = words.first(where: { $0.word == word }) {
      return match.value
    }
    let kind = optionWords.isEmpty ? kind : .words(optionWords)
    let value = kind.json(of: word)
    if let expected = kind.expectation(insteadOf: value) {
      throw SettingFault(reason: "--\(option?.name ?? "") is \(word)", expected: expected)
    }
    return value
  }

  /// The value that `--name` or `--no-name` stands for.
  package func value(isOn: Bool) -> JSONValue {
    kind.isGroup ? (isOn ? .object([]) : .null) : .boolean(isOn)
  }

  /// The help of the option: the sentence, the words that it takes, the default.
  package var optionHelp: String {
    var facts = optionWords.isEmpty ? [] : [optionWords.joined(separator: ", ")]
    var word = usual.json
    switch (usual, option?.form) {
    case _ where usualWords != nil: word = usualWords ?? ""
    case (_, .onOff): word = usual == .boolean(true) ? "yes" : "no"
    case (.null, _),
      _ where isDerived:
      word = null ?? "none"
    case (.string(let text), _): word = text
    default: break
    }
    if case .value(let words) = option?.form {
      if words.count == 1 { facts = ["\(words[0].word) for none"] }
      word = words.first { $0.value == usual }?.word ?? word
    }
    let origin = followsData ? ", or by the data" : ""
    facts.append("default: \(word)\(origin)")
    return "\(text.dropLast()) (\(facts.joined(separator: "; ")))."
  }
}
