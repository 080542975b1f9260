extension TextFeatures {
  /// One kind of feature: which part of a text is looked at, what is counted there, and how much
  /// the family weighs in the bag.
  public struct Family: Codable, Hashable, Sendable {
    /// A part of a text.
    ///
    /// The *lead* is the first line. Where the lead contains `": "`, what stands before its first
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

    /// What is counted.
    public enum Unit: String, Codable, CaseIterable, Sendable {
      /// Each word.
      case words
      /// Each two words in a row, not across the end of the title, of the lead or of a paragraph
      /// (a line without any but white space).
      case wordPairs
      /// Runs of characters of each word, which is first set between `<` and `>`.
      case wordCharacters
      /// Runs of characters of the whole part, in lower case with all separators, set between `<`
      /// and `>`.
      case characters
      /// The first word, the first two, … and the last word, the last two, …; each to sixteen
      /// words.
      case affixes
      /// The first word and the last.
      case ends
      /// Runs of characters of scripts that are written without spaces between words (Chinese,
      /// Japanese, Thai, Lao, Khmer, Burmese…), and of the words of Hangul; of the whole text only.
      ///
      /// Where there is a family of this unit, such characters are in no word and full-width forms
      /// are the same as usual ones. A run goes on over the end of a line, which stands anywhere
      /// in such a text, and over blanks; Hangul's ends with the word. A letter counts as one
      /// character with its marks. A text without such characters has the bag that it would have
      /// without the family.
      case unspacedCharacters
    }

    /// Where to look.
    public var scope: Scope
    /// What to count.
    public var unit: Unit
    /// The lengths of the runs, in characters (Unicode scalars, but for
    /// `unspacedCharacters`); of no effect on other units.
    public var lengths: ClosedRange<Int>
    /// The length of this family's part of the bag, relative to that of the others.
    public var weight: Double

    /// Chooses a family.
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
