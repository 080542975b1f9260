/// The category of a character in BERT's basic tokenisation.
///
/// The reference implementation's tables are those of Unicode 8, plus the newer lower case of its
/// programming language. Newer characters are plain, and the few characters whose category a later
/// version changed keep the old one, so that ids agree for every text.
enum ScalarKind: Equatable {
  /// Removed: control and format characters, private use, U+FFFD.
  case dropped
  /// Ends a word.
  case space
  /// A separate word.
  case punctuation
  /// An accent, removed if accents are stripped.
  case nonspacingMark
  /// A character of a word.
  case plain

  /// - Parameter isCleaned: whether the text is cleaned; cleaning removes control characters that
  ///   would otherwise separate words like white space.
  init(_ scalar: Unicode.Scalar, isCleaned: Bool = true) {
    switch scalar.value {
    case 0x0B, 0x0C, 0x85: self = isCleaned ? .dropped : .space
    case 0xFFFD: self = .dropped
    // Categories that versions 9 to 15 changed.
    case 0x1734, 0x1171E: self = .nonspacingMark
    case 0x1885, 0x1886, 0xA9BD: self = .plain
    case 0x166D, 0x111C9: self = .punctuation
    default: self = Self.byCategory(scalar)
    }
  }

  private static func byCategory(_ scalar: Unicode.Scalar) -> ScalarKind {
    let properties = scalar.properties
    if properties.isWhitespace { return .space }
    // Unicode classifies these four as symbols, the reference as punctuation.
    if scalar.isASCII, (33...126).contains(scalar.value), !Self.isASCIIAlphanumeric(scalar) {
      return .punctuation
    }
    guard scalar.isKnown(to: 8) else { return .plain }
    switch properties.generalCategory {
    case .control, .format, .privateUse: return .dropped
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
      .initialPunctuation, .finalPunctuation, .otherPunctuation:
      return .punctuation
    case .nonspacingMark: return .nonspacingMark
    default: return .plain
    }
  }

  private static func isASCIIAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "0"..."9", "a"..."z", "A"..."Z": true
    default: false
    }
  }
}

extension Unicode.Scalar {
  /// Whether Unicode had the character in version `major`.
  func isKnown(to major: Int) -> Bool {
    properties.age.map { $0.major <= major } ?? false
  }

  /// Whether the character is an ideograph that forms a separate word.
  ///
  /// The blocks are those of the reference, which starts extension E at U+2B920, although the block
  /// begins at U+2B820.
  var isSeparatedIdeograph: Bool {
    switch value {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0xF900...0xFAFF, 0x20000...0x2A6DF,
      0x2A700...0x2B73F, 0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
      true
    default: false
    }
  }

  /// Whether the reference's normalisation (Unicode 12) knows the character.
  var isDecomposable: Bool { isKnown(to: 12) }
}
