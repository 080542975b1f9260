import Storage

extension TextFeatures {
  /// A word and its features.
  public struct KnownWord: Hashable, Sendable {
    /// The word, in lower case.
    public var text: String
    /// The rows of its features in the vocabulary, one for each family of words that has it.
    public var rows: [Int]
  }

  /// The words among the features, found in `texts`, in the order of their first occurrence.
  ///
  /// A vocabulary stores hashes only, so the words are read from the texts that it was learnt from.
  /// Word pairs, runs of characters and words written in full-width forms are left out.
  ///
  /// - Complexity: O(characters) time.
  public func words(in texts: some Sequence<String>) -> [KnownWord] {
    let namespaces = configuration.families.filter { $0.unit == .words }
      .map(FeatureHash.namespace(of:))
    var seen: Set<UInt64> = []
    var result: [KnownWord] = []
    var scan = TextScan()
    for var text in texts {
      text.withUTF8 {
        scan.scan(
          UnsafeRawBufferPointer($0), limit: configuration.maximumWordCount,
          separatesScripts: configuration.separatesScripts)
      }
      for (word, hash) in zip(scan.words, scan.hashes) where seen.insert(hash).inserted {
        let rows = namespaces.compactMap {
          vocabulary.row(of: FeatureHash.feature(hash, in: $0))
        }
        guard !rows.isEmpty else { continue }
        let bytes = UnsafeRawBufferPointer(rebasing: scan.bytes[word.start..<word.end])
        result.append(KnownWord(text: String(decoding: bytes, as: UTF8.self), rows: rows))
      }
    }
    return result
  }
}
