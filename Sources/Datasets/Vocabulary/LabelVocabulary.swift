import Storage

/// Labels with their texts and relations: a thesaurus, a classification, a list of subjects.
///
/// A vocabulary describes the labels of a data set (`Labels.described(by:)`) and may have
/// labels that no document has.
public struct LabelVocabulary: Sendable {
  /// A label.
  public struct Entry: Hashable, Sendable {
    /// Its name: a URI, a number, a word.
    public var id: String
    /// The preferred text; nil if there is none in the chosen language.
    public var text: String?
    /// Everything else.
    public var details: LabelDetails

    /// Creates a label.
    public init(id: String, text: String? = nil, details: LabelDetails = LabelDetails()) {
      self.id = id
      self.text = text
      self.details = details
    }
  }

  /// The file, for errors.
  public let path: String
  /// The labels in the order of the file, with different ids.
  public let entries: [Entry]
  /// A number that changes with the file and with the chosen language.
  public let contentHash: UInt64

  /// A text followed by its alternatives, as a model reads it.
  static func text(_ text: String, alternatives: [String]) -> String {
    ([text] + alternatives).joined(separator: "; ")
  }

  /// Creates a vocabulary from its labels.
  ///
  /// - Throws: `InputError` if there are no labels or an id appears twice.
  init(path: String, entries: [Entry], contentHash: UInt64) throws {
    guard !entries.isEmpty else {
      throw InputError(
        file: path, reason: "the vocabulary has no labels", expected: "at least one label")
    }
    _ = try NameIndex(entries.lazy.map(\.id), of: "label", file: path)
    self.path = path
    self.entries = entries
    self.contentHash = contentHash
  }
}

extension LabelVocabulary.Entry {
  /// The preferred text, or the name, with the alternative texts, for a model to learn from.
  public var textWithAlternatives: String {
    LabelVocabulary.text(text ?? id, alternatives: details.alternatives)
  }
}

/// The relations and further texts of a label.
public struct LabelDetails: Hashable, Sendable {
  /// Other texts with the same meaning.
  public var alternatives: [String]
  /// The ids of the labels directly above it.
  public var parents: [String]
  /// A short code, such as "61.23".
  public var notation: String?
  /// The language of the texts, such as "sv".
  public var language: String?

  /// Creates details.
  public init(
    alternatives: [String] = [], parents: [String] = [], notation: String? = nil,
    language: String? = nil
  ) {
    self.alternatives = alternatives
    self.parents = parents
    self.notation = notation
    self.language = language
  }

  /// Whether there are none.
  public var isEmpty: Bool { self == LabelDetails() }
}
