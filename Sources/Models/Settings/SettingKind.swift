import Foundation
package import Storage

/// The kind and the range of a setting's value.
package enum SettingKind: Sendable {
  case integer(ClosedRange<Int>)
  case integers(ClosedRange<Int>)
  /// A whole number of at least 0 with 64 bits.
  case natural
  /// A number; `below` excludes the upper bound.
  case number(ClosedRange<Double>, below: Bool = false)
  case boolean, text, path, group, groups
  case words([String])
  /// Another kind, in words; true for values of it.
  case other(String, @Sendable (JSONValue) -> Bool)

  /// Counts of at least 1.
  ///
  /// Products of two of them are still whole numbers.
  static let count = SettingKind.integer(1...Int(Int32.max))
  static let countOrNone = SettingKind.integer(0...Int(Int32.max))
  static let size = SettingKind.integer(1...Int.max)
  static let anyNumber = SettingKind.number(-.greatestFiniteMagnitude ... .greatestFiniteMagnitude)
  /// Numbers above 0; 32 bits hold them and 1 over them.
  static let positive = SettingKind.number(1e-30...1e30)
  static let notNegative = SettingKind.number(0...1e30)
  static let share = SettingKind.number(0...1)
  static let shareBelowOne = SettingKind.number(0...1, below: true)

  /// One of the words of an enumeration.
  static func one<Word: CaseIterable & RawRepresentable<String>>(of type: Word.Type) -> SettingKind
  {
    .words(type.allCases.map(\.rawValue))
  }

  /// A value that a type reads.
  static func value<Value: Decodable & Sendable>(of type: Value.Type, _ words: String)
    -> SettingKind
  {
    .other(words) { json in
      do {
        _ = try JSONDecoder().decode(type, from: Data(json.json.utf8))
        return true
      } catch {
        return false
      }
    }
  }

  package var isGroup: Bool { if case .group = self { true } else { false } }
  package var isPath: Bool { if case .path = self { true } else { false } }

  /// The words that it may be; none for other kinds.
  var words: [String] { if case .words(let words) = self { words } else { [] } }

  /// The kind in words.
  private var described: String {
    switch self {
    case .integer: "a whole number"
    case .integers: "a list of whole numbers"
    case .natural: "a whole number of at least 0"
    case .number: "a finite number"
    case .boolean: "true or false"
    case .text, .path: "text in quotation marks"
    case .group: "{…}"
    case .groups: "[{…}, …]"
    case .words(let words): "one of \(words.joined(separator: ", "))"
    case .other(let words, _): words
    }
  }

  /// The words after “expected” in a message about `value`; nil if it is of the kind and in range.
  func expectation(insteadOf value: JSONValue) -> String? {
    switch (self, value) {
    case (.integer(let range), .number(let digits)):
      guard let number = Int(digits) else { return described }
      return range.contains(number)
        ? nil
        : number < range.lowerBound
          ? "at least \(range.lowerBound)" : "at most \(range.upperBound)"
    case (.integers(let range), .array(let elements)):
      return elements.lazy.compactMap {
        SettingKind.integer(range).expectation(insteadOf: $0.value)
      }.first
    case (.natural, .number(let digits)): return UInt64(digits) == nil ? described : nil
    case (.number(let range, let below), .number(let digits)):
      guard let number = Double(digits), number.isFinite else { return described }
      if number < range.lowerBound {
        return range.lowerBound == 1e-30 ? "more than 0" : "at least \(range.lowerBound.short)"
      }
      if below, number == range.upperBound { return "less than \(range.upperBound.short)" }
      return number > range.upperBound ? "at most \(range.upperBound.short)" : nil
    case (.words(let words), .string(let word)):
      guard !words.contains(word) else { return nil }
      return words.nearest(to: word).map {
        "\"\($0)\", or another of \(words.joined(separator: ", "))"
      }
        ?? described
    case (.boolean, .boolean), (.text, .string), (.path, .string), (.group, .object),
      (.groups, .array):
      return nil
    case (.other(let words, let isRight), _): return isRight(value) ? nil : words
    default: return described
    }
  }

  /// The value that a word of the command line stands for.
  func json(of word: String) -> JSONValue {
    switch self {
    case .integer, .natural, .number: .number(word)
    case .integers: .array(word.split(separator: ",").map { .init(.number(String($0))) })
    default: .string(word)
    }
  }
}

extension Double {
  /// Without the point of a whole number.
  fileprivate var short: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}
