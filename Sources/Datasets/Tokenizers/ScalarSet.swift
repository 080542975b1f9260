/// A set of characters, as the brackets and the escapes of a pattern describe it.
struct ScalarSet: Hashable, Sendable {
  /// A class of characters with a name.
  enum Class: Hashable, Sendable {
    /// Unicode's White_Space.
    case space
    /// Letters, marks, decimal digits, connectors.
    case word
    /// General category Nd.
    case digit
    /// A general category, by its one or two letters.
    case category(String)
    /// All but the line feed.
    case notLineFeed
  }

  private var ranges: [ClosedRange<UInt32>] = []
  private var classes: [Class] = []
  private var excludedClasses: [Class] = []
  private var parts: [ScalarSet] = []
  /// Whether the set has all other characters.
  var isInverted = false
  /// Whether upper and lower case are alike.
  var ignoresCase = false

  init() {}

  /// The set of one character.
  init(_ scalar: Unicode.Scalar, ignoresCase: Bool = false) {
    self.ignoresCase = ignoresCase
    insert(scalar...scalar)
  }

  /// The characters of a class, or all others.
  init(_ kind: Class, isInverted: Bool = false) { insert(kind, isInverted: isInverted) }

  mutating func insert(_ range: ClosedRange<Unicode.Scalar>) {
    ranges.append(range.lowerBound.value...range.upperBound.value)
    guard ignoresCase, range.lowerBound == range.upperBound else { return }
    // The long s, for example, stands for both letters s.
    for scalar in Self.cases(of: range.lowerBound) { ranges.append(scalar.value...scalar.value) }
  }

  mutating func insert(_ kind: Class, isInverted: Bool = false) {
    if isInverted { excludedClasses.append(kind) } else { classes.append(kind) }
  }

  mutating func insert(_ set: ScalarSet) { parts.append(set) }

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    var isIn = has(scalar)
    if !isIn, ignoresCase { isIn = Self.cases(of: scalar).contains(where: has) }
    return isIn != isInverted
  }

  private func has(_ scalar: Unicode.Scalar) -> Bool {
    ranges.contains { $0.contains(scalar.value) }
      || classes.contains { $0.contains(scalar) }
      || excludedClasses.contains { !$0.contains(scalar) }
      || parts.contains { $0.contains(scalar) }
  }

  /// The single characters that differ from `scalar` only in case.
  private static func cases(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    func only(_ text: String) -> Unicode.Scalar {
      let scalars = text.unicodeScalars
      return scalars.count == 1 ? scalars[scalars.startIndex] : scalar
    }
    let upper = only(scalar.properties.uppercaseMapping)
    let lower = only(scalar.properties.lowercaseMapping)
    return [upper, lower, only(upper.properties.lowercaseMapping)]
  }
}

extension ScalarSet.Class {
  /// A category by the name that a pattern gives it in `\p{…}`; nil for scripts and other
  /// properties.
  init?(property name: String) {
    let plain = name.filter { $0 != "_" && $0 != " " && $0 != "-" }.lowercased()
    switch plain {
    case "whitespace", "space", "wspace": self = .space
    case "letter": self = .category("L")
    case "mark": self = .category("M")
    case "number": self = .category("N")
    case "punctuation": self = .category("P")
    case "symbol": self = .category("S")
    case "separator": self = .category("Z")
    case "other": self = .category("C")
    default:
      guard let known = Self.categories.first(where: { $0.lowercased() == plain }) else {
        return nil
      }
      self = .category(known)
    }
  }

  private static let categories = [
    "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "Zp", "C",
    "Cc", "Cf", "Cs", "Co", "Cn",
  ]

  func contains(_ scalar: Unicode.Scalar) -> Bool {
    switch self {
    case .space: scalar.properties.isWhitespace
    case .digit: scalar.categoryOfReference == .decimalNumber
    case .word: scalar.isWordCharacter || Self.isWordInLatin1(scalar)
    case .notLineFeed: scalar != "\n"
    case .category(let name):
      scalar.categoryOfReference.letters.utf8.starts(with: name.utf8)
    }
  }

  /// Oniguruma's table has these numbers and fractions of Latin-1 as word characters.
  private static func isWordInLatin1(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0xB2, 0xB3, 0xB9, 0xBC...0xBE: true
    default: false
    }
  }
}

extension Unicode.Scalar {
  /// The general category in Unicode 16, the version of the reference.
  var categoryOfReference: Unicode.GeneralCategory {
    // Another letter since version 17.
    if value == 0x295 { return .lowercaseLetter }
    return isASCII || isKnown(to: 16) ? properties.generalCategory : .unassigned
  }

  /// Whether the character is a letter, a mark, a decimal digit or a connector.
  var isWordCharacter: Bool {
    switch categoryOfReference {
    case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: true
    case .unassigned: false
    default: properties.isAlphabetic
    }
  }

  /// Whether the category of the character is that of a letter.
  var isLetter: Bool {
    if isASCII { return (0x41...0x5A).contains(value & 0xDF) }
    switch categoryOfReference {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      return true
    default: return false
    }
  }

  /// Whether the category is that of a number in the newest Unicode, which the reference's `Digits`
  /// uses.
  var isNumberOfAnyVersion: Bool { isNumber || properties.generalCategory.letters.hasPrefix("N") }

  /// Whether the category of the character is that of a number.
  var isNumber: Bool {
    if isASCII { return (0x30...0x39).contains(value) }
    switch categoryOfReference {
    case .decimalNumber, .letterNumber, .otherNumber: return true
    default: return false
    }
  }
}

extension Unicode.GeneralCategory {
  /// The two letters of the category in the Unicode standard, table 4-4.
  var letters: String {
    switch self {
    case .uppercaseLetter: "Lu"
    case .lowercaseLetter: "Ll"
    case .titlecaseLetter: "Lt"
    case .modifierLetter: "Lm"
    case .otherLetter: "Lo"
    case .nonspacingMark: "Mn"
    case .spacingMark: "Mc"
    case .enclosingMark: "Me"
    case .decimalNumber: "Nd"
    case .letterNumber: "Nl"
    case .otherNumber: "No"
    case .connectorPunctuation: "Pc"
    case .dashPunctuation: "Pd"
    case .openPunctuation: "Ps"
    case .closePunctuation: "Pe"
    case .initialPunctuation: "Pi"
    case .finalPunctuation: "Pf"
    case .otherPunctuation: "Po"
    case .mathSymbol: "Sm"
    case .currencySymbol: "Sc"
    case .modifierSymbol: "Sk"
    case .otherSymbol: "So"
    case .spaceSeparator: "Zs"
    case .lineSeparator: "Zl"
    case .paragraphSeparator: "Zp"
    case .control: "Cc"
    case .format: "Cf"
    case .surrogate: "Cs"
    case .privateUse: "Co"
    case .unassigned: "Cn"
    @unknown default: "Cn"
    }
  }
}
