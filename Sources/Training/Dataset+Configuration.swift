package import Datasets
package import Models

extension Dataset {
  /// Reads the data of a training: the data set, with its labels described by the vocabulary.
  ///
  /// - Parameter note: receives sentences about the files, lines that were left out, and labels that
  ///   the vocabulary does not describe.
  /// - Throws: the errors of `read(_:badLines:)` and of `LabelVocabulary`.
  package static func read(
    for configuration: TrainingConfiguration, note: (String) -> Void
  ) throws -> Dataset {
    var dataset = try configuration.readDataset()
    dataset.remarks.forEach(note)
    guard let path = configuration.vocabulary else { return dataset }
    let vocabulary = try LabelVocabulary(contentsOf: path, language: configuration.language)
    let (labels, match) = try dataset.labels.described(by: vocabulary)
    note(match.sentence(path: path))
    dataset.labels = labels
    return dataset
  }
}
