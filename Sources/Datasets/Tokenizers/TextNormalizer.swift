import Foundation

/// A change of a text before it is split: the `normalizer` of a `tokenizer.json`.
indirect enum TextNormalizer: Sendable {
  /// BERT's: cleaning, space around ideographs, accents, case.
  case bert(WordPieceTokenizer.Configuration)
  /// Unicode's normalisation forms.
  case form(Form)
  case lowercase
  /// Removes all combining marks.
  case stripAccents
  /// Removes white space at the start, at the end.
  case strip(atStart: Bool, atEnd: Bool)
  /// The cleaning of sentencepiece's `nmt` rules.
  case translationCleaning
  case precompiled(PrecompiledCharacters)
  case replace(TextPattern, with: [Unicode.Scalar])
  /// Puts a text before every text that is not empty.
  case prepend([Unicode.Scalar])
  /// Replaces each byte of the text by a printable character.
  case byteLevel
  case sequence([TextNormalizer])

  enum Form: String, Sendable { case NFC, NFD, NFKC, NFKD }

  /// The text after the change.
  ///
  /// - Parameter losesStart: becomes true if characters at the start were removed.
  func applied(to text: [Unicode.Scalar], losesStart: inout Bool) -> [Unicode.Scalar] {
    switch self {
    case .bert(let options): return cleaned(text, options, &losesStart)
    case .form(let form): return text.normalized(to: form)
    case .lowercase: return text.lowercased
    case .stripAccents: return filtered(text, &losesStart) { !$0.isMark }
    case .strip(let atStart, let atEnd):
      let start = atStart ? text.firstIndex { !$0.properties.isWhitespace } ?? text.count : 0
      let end =
        atEnd ? text.lastIndex { !$0.properties.isWhitespace }.map { $0 + 1 } ?? 0 : text.count
      if start > 0 { losesStart = true }
      return start < end ? Array(text[start..<end]) : []
    case .translationCleaning:
      return filtered(text, &losesStart) { !$0.isControlOfTranslation }
        .map { $0.isSpaceOfTranslation ? " " : $0 }
    case .precompiled(let table): return table.replaced(text)
    case .replace(let pattern, let content):
      var result: [Unicode.Scalar] = []
      for (range, isMatch) in pattern.parts(of: text[...]) {
        if isMatch, range.lowerBound == 0, content.isEmpty { losesStart = true }
        result += isMatch ? content[...] : text[range]
      }
      return result
    case .prepend(let start): return text.isEmpty ? text : start + text
    case .byteLevel: return text.byteCharacters
    case .sequence(let parts):
      return parts.reduce(text) { $1.applied(to: $0, losesStart: &losesStart) }
    }
  }

  /// Whether the change includes that to lower case.
  var lowercases: Bool {
    switch self {
    case .lowercase: true
    case .bert(let options): options.isLowercased
    case .sequence(let parts): parts.contains(where: \.lowercases)
    default: false
    }
  }

  private func filtered(
    _ text: [Unicode.Scalar], _ losesStart: inout Bool, _ isKept: (Unicode.Scalar) -> Bool
  ) -> [Unicode.Scalar] {
    if let first = text.first, !isKept(first) { losesStart = true }
    return text.filter(isKept)
  }

  private func cleaned(
    _ text: [Unicode.Scalar], _ options: WordPieceTokenizer.Configuration, _ losesStart: inout Bool
  ) -> [Unicode.Scalar] {
    var text = text
    if options.cleansText {
      text = filtered(text, &losesStart) { ScalarKind($0) != .dropped }
        .map { ScalarKind($0) == .space ? " " : $0 }
    }
    if options.separatesIdeographs {
      text = text.flatMap { $0.isSeparatedIdeograph ? [" ", $0, " "] : [$0] }
    }
    if options.stripsAccents ?? options.isLowercased {
      text = filtered(text.normalized(to: .NFD), &losesStart) { ScalarKind($0) != .nonspacingMark }
    }
    return options.isLowercased ? text.lowercased : text
  }
}

extension Unicode.Scalar {
  /// Whether it is a combining mark in Unicode 9, the version of the reference.
  fileprivate var isMark: Bool {
    switch value {
    // Categories that later versions changed.
    case 0x1CF2, 0x1CF3: return true
    case 0x111C9: return false
    default: break
    }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark: return isKnown(to: 9)
    default: return false
    }
  }

  /// Whether it begins a sequence that marks of the first plane do not compose with.
  ///
  /// Foundation takes such characters for those of the first plane with the same last 16 bits.
  fileprivate var isSupplementaryStarter: Bool {
    value > 0xFFFF && properties.canonicalCombiningClass == .notReordered
  }

  fileprivate var isControlOfTranslation: Bool {
    switch value {
    case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: true
    default: false
    }
  }

  fileprivate var isSpaceOfTranslation: Bool {
    switch value {
    case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD:
      true
    default: false
    }
  }
}

extension [Unicode.Scalar] {
  /// The characters in lower case, each independently of the others.
  var lowercased: [Unicode.Scalar] {
    flatMap { scalar in
      if scalar.isASCII {
        return [
          (0x41...0x5A).contains(scalar.value) ? Unicode.Scalar(UInt8(scalar.value | 0x20)) : scalar
        ]
      }
      return Array(scalar.properties.lowercaseMapping.unicodeScalars)
    }
  }

  /// The text in a normalisation form of Unicode 9, which the reference uses; newer characters stay
  /// as they are.
  func normalized(to form: TextNormalizer.Form) -> [Unicode.Scalar] {
    guard contains(where: { !$0.isASCII }) else { return self }
    // Foundation neither reorders nor composes the marks that a compatibility mapping brings.
    if form == .NFKC || form == .NFKD {
      return mapped(to: form).mapped(to: form == .NFKC ? .NFC : .NFD)
    }
    return mapped(to: form)
  }

  private func mapped(to form: TextNormalizer.Form) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(count)
    for part in partsForNormalization {
      guard part.first?.isKnown(to: 9) == true else {
        result += part
        continue
      }
      let text = String(String.UnicodeScalarView(part))
      switch form {
      case .NFC: result += text.precomposedStringWithCanonicalMapping.unicodeScalars
      case .NFD: result += text.decomposedStringWithCanonicalMapping.unicodeScalars
      case .NFKD, .NFKC: result += text.decomposedStringWithCompatibilityMapping.unicodeScalars
      }
    }
    return result
  }

  /// The text in parts that are normalised independently: unknown characters alone, and known ones.
  private var partsForNormalization: [ArraySlice<Unicode.Scalar>] {
    var parts: [ArraySlice<Unicode.Scalar>] = []
    var start = 0
    func end(at position: Int) {
      if start < position { parts.append(self[start..<position]) }
      start = position
    }
    for position in indices where !self[position].isASCII {
      if !self[position].isKnown(to: 9) {
        end(at: position)
        end(at: position + 1)
      } else if self[position].isSupplementaryStarter, position + 1 < count,
        self[position + 1].value <= 0xFFFF
      {
        end(at: position + 1)
      }
    }
    end(at: count)
    return parts
  }

  /// Each byte of the text as a printable character, as in GPT-2: those that are printable in
  /// Latin-1 are themselves, the others follow U+0100.
  ///
  /// - Source: <https://github.com/openai/gpt-2/blob/master/src/encoder.py>
  var byteCharacters: [Unicode.Scalar] {
    flatMap { scalar in
      scalar.isASCII
        ? [Self.byteTable[Int(scalar.value)]]
        : (UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter).map { Self.byteTable[Int($0)] }
    }
  }

  private static let byteTable: [Unicode.Scalar] = {
    var others: UInt32 = 0x100
    return (0..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(UInt8(byte))
      default:
        defer { others += 1 }
        return Unicode.Scalar(others) ?? "\u{FFFD}"
      }
    }
  }()
}
