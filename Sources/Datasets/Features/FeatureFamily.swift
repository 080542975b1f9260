extension TextFeatures {
  /// One kind of feature: the part of a text that it is read from, the unit that is counted there,
  /// and the family's weight in the bag.
  public struct Family: Codable, Hashable, Sendable {
    /// A part of a text.
    ///
    /// The *lead* is the first line. If the lead contains `": "`, the part before its first
    /// occurrence is the *title* and the rest is the *summary* ("gcc: compiler for C"); otherwise
    /// the title is empty and the summary is the whole lead.
    public enum Scope: String, Codable, CaseIterable, Sendable {
      /// The whole text.
      case text
      /// The first line.
      case lead
      /// The first line up to its first `": "`.
      case title
      /// The rest of the first line.
      case summary
    }

    /// The unit that is counted.
    public enum Unit: String, Codable, CaseIterable, Sendable {
      /// Each word.
      case words
      /// Each pair of consecutive words, not across the end of the title, of the lead or of a
      /// paragraph (a line of white space).
      case wordPairs
      /// Runs of characters of each word, which is first enclosed in `<` and `>`.
      case wordCharacters
      /// Runs of characters of the whole part, in lower case with all separators, enclosed in `<`
      /// and `>`.
      case characters
      /// The first word, the first two, … and the last word, the last two, …; up to sixteen words
      /// each.
      case affixes
      /// The first and the last word.
      case ends
      /// Runs of characters of scripts that are written without spaces between words (Chinese,
      /// Japanese, Thai, Lao, Khmer, Burmese…), and of the words of Hangul; of the whole text only.
      ///
      /// If there is a family of this unit, such characters do not belong to words, and full-width
      /// forms equal the usual ones. A run continues across line ends, which may be anywhere in
      /// such a text, and across blanks; a run of Hangul ends with the word. A letter with its
      /// marks counts as one character. A text without such characters has the same bag as without
      /// the family.
      case unspacedCharacters
    }

    /// The part of the text.
    public var scope: Scope
    /// The unit to count.
    public var unit: Unit
    /// The lengths of the runs, in characters (Unicode scalars, except for
    /// `unspacedCharacters`); ignored by other units.
    public var lengths: ClosedRange<Int>
    /// The length of this family's part of the bag, relative to the others.
    public var weight: Double

    /// Creates a family.
    public init(
      _ unit: Unit, of scope: Scope, lengths: ClosedRange<Int> = 3...5, weight: Double = 1
    ) {
      self.scope = scope
      self.unit = unit
      self.lengths = lengths
      self.weight = weight
    }
  }
}
