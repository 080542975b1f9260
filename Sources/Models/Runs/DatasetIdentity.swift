package import Datasets
import Storage

/// Identifies a run's data: a resumed run must find the data that it started with.
package struct DatasetIdentity: Codable, Hashable, Sendable {
  /// The data set's name.
  package var name: String
  /// A hash over every document, label and split; hexadecimal.
  package var contentHash: String?
  /// A hash over the bytes of the feedback file; hexadecimal, nil without feedback.
  var feedbackHash: String?
  /// A hash over the vocabulary's file and the language read; hexadecimal, nil without a vocabulary.
  var vocabularyHash: String?
  /// Whether documents are texts; otherwise they are named features.
  var hasTexts: Bool
  /// Whether a validation part that training draws keeps copies of documents together; nil in runs of
  /// older versions, for no.
  package var keepsCopiesTogether: Bool?

  package init(_ dataset: Dataset, feedback: FeedbackFile? = nil) {
    feedbackHash = feedback.map { String($0.contentHash, radix: 16) }
    vocabularyHash = dataset.labels.vocabularyHash.map { String($0, radix: 16) }
    name = dataset.description.name
    contentHash = dataset.contentHash.map { String($0, radix: 16) }
    hasTexts = dataset.documents.texts != nil
    keepsCopiesTogether = true
  }

  /// Whether the training in a folder keeps copies together, which older ones did not.
  package static func keepsCopiesTogether(in folder: RunFolder) throws -> Bool {
    guard folder.has(folder.dataset) else { return true }
    return try folder.read(DatasetIdentity.self, from: folder.dataset).keepsCopiesTogether ?? false
  }

  /// Stores the identity in a run that has none yet, else compares it with the stored one.
  ///
  /// - Parameter path: the path of the data set, for the error message.
  /// - Throws: `InputError` if the data set is a different one.
  package func keep(in folder: RunFolder, path: String) throws {
    guard folder.has(folder.dataset) else { return try folder.write(self, to: folder.dataset) }
    let begun = try folder.read(DatasetIdentity.self, from: folder.dataset)
    guard begun.contentHash == contentHash else {
      throw InputError(
        file: path, reason: "the data set has changed since \(folder.path) was started",
        expected: "the same data, or a new run in another folder")
    }
    guard begun.feedbackHash == feedbackHash else {
      throw InputError(
        file: path, reason: "the feedback has changed since \(folder.path) was started",
        expected: "the same file, or a new run in another folder")
    }
    guard begun.vocabularyHash == vocabularyHash else {
      throw InputError(
        file: path, reason: "the vocabulary has changed since \(folder.path) was started",
        expected: "the same file, or a new run in another folder")
    }
  }
}
