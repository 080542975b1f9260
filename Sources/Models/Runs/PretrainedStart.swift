/// The pretrained encoder whose word vectors the feature table of a run started from.
public struct PretrainedStart: Codable, Hashable, Sendable {
  /// The name of its folder.
  public var encoder: String
  /// A hash of its files, in hexadecimal digits.
  public var hash: String
  /// The number of words among the features.
  public var words: Int
  /// The number of them that have a vector.
  public var knownWords: Int

  /// Describes a start.
  package init(encoder: String, hash: String, words: Int, knownWords: Int) {
    self.encoder = encoder
    self.hash = hash
    self.words = words
    self.knownWords = knownWords
  }
}
