import Datasets
import Torch

/// Which data a run is about: a training that is resumed must find what it was begun with.
struct DatasetIdentity: Codable, Hashable {
  /// The data set's name.
  var name: String
  /// Changes with every document, label and split; hexadecimal.
  var contentHash: String?
  /// Changes with every byte of the feedback that was taken in; hexadecimal, nil without any.
  var feedbackHash: String?
  /// Whether documents are texts; otherwise they are features with names.
  var hasTexts: Bool

  init(_ dataset: Dataset, feedback: FeedbackFile? = nil) {
    feedbackHash = feedback.map { String($0.contentHash, radix: 16) }
    name = dataset.description.name
    contentHash = dataset.contentHash.map { String($0, radix: 16) }
    hasTexts = dataset.documents.texts != nil
  }

  /// Stores the identity in a run that has none yet, else compares with the stored one.
  ///
  /// - Parameter path: where the data set lies, for the message.
  /// - Throws: `InputError` when the data set is another.
  func keep(in folder: RunFolder, path: String) throws {
    guard folder.has(folder.dataset) else { return try folder.write(self, to: folder.dataset) }
    let begun = try folder.read(DatasetIdentity.self, from: folder.dataset)
    guard begun.contentHash == contentHash else {
      throw InputError(
        file: path, reason: "the data set has changed since \(folder.path) was begun",
        expected: "the same data, or a training anew in another folder")
    }
    guard begun.feedbackHash == feedbackHash else {
      throw InputError(
        file: path, reason: "the feedback has changed since \(folder.path) was begun",
        expected: "the same file, or a training anew in another folder")
    }
  }
}
