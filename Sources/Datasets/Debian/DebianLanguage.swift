import Storage

/// A language that Debian's package descriptions are translated into.
public struct DebianLanguage: Hashable, Sendable {
  /// Debian's name for it: `en`, `ja`, `pt_BR`, `sr@latin`.
  public let name: String

  /// The original language of the descriptions.
  public static let english = DebianLanguage(checked: "en")

  /// Checks the form of a name: two or three lower-case letters, optionally a country or a script.
  ///
  /// - Throws: `ValueError` when the name has another form.
  public init(_ name: String) throws {
    guard name.wholeMatch(of: /[a-z]{2,3}(_[A-Z]{2})?(@[a-z]+)?/) != nil else {
      throw ValueError(
        "language", reason: "\"\(name)\" is not the name of a language",
        expected: "a name such as ja, de or pt_BR")
    }
    self.name = name
  }

  private init(checked name: String) { self.name = name }

  /// The languages for which the text of a release file lists translations.
  static func named(inRelease text: String) -> [String] {
    text.matches(of: /i18n\/Translation-([a-z]{2,3}(?:_[A-Z]{2})?(?:@[a-z]+)?)(?=[\s.])/)
      .map { String($0.output.1) }
  }
}
