import Storage

extension TextFeatures {
  /// The features of two vocabularies, for a model of one that goes on to learn from the documents of
  /// the other.
  ///
  /// The numbers of documents are added up. Rows are numbered anew.
  ///
  /// - Throws: `ValueError` if there are more than 2^29 features.
  package func joined(with other: TextFeatures) throws -> TextFeatures {
    var counts = Dictionary(
      zip(vocabulary.hashes, vocabulary.documentFrequencies), uniquingKeysWith: { max($0, $1) })
    for (hash, count) in zip(other.vocabulary.hashes, other.vocabulary.documentFrequencies) {
      counts[hash, default: 0] += count
    }
    let entries = counts.sorted {
      $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key
    }
    return TextFeatures(
      configuration: configuration,
      vocabulary: try FeatureVocabulary(
        hashes: MappedArray(entries.map(\.key)),
        documentFrequencies: MappedArray(entries.map(\.value)),
        documentCount: vocabulary.documentCount + other.vocabulary.documentCount))
  }
}
