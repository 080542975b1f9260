public import Datasets
import Foundation
public import Torch

/// What models that had not seen a document say of its labels, and which documents they find similar.
///
/// Of each document the best labels and those that are given are kept, so that memory grows with the
/// documents and not with documents times labels.
public struct OutOfSampleScores: Sendable {
  /// `[rows of train, labels]`: how likely each document has each label, from 0 to 1; best first,
  /// then what is given and not among them.
  public var probabilities: CSRMatrix
  /// `[rows of train, rows of train]`: documents of other folds that are near, nearest first, with
  /// the cosine of their embeddings; nil where nobody looked.
  public var neighbours: CSRMatrix?

  /// Takes both.
  ///
  /// - Precondition: as many rows of one as of the other.
  public init(probabilities: CSRMatrix, neighbours: CSRMatrix? = nil) {
    precondition(
      neighbours.map {
        $0.rowCount == probabilities.rowCount && $0.columnCount == probabilities.rowCount
      } ?? true, "neighbours of other documents")
    self.probabilities = probabilities
    self.neighbours = neighbours
  }

  private struct Record: Codable {
    /// The data set's; hexadecimal.
    var contentHash: String?
  }

  /// Keeps the scores in a folder: `audit.json`, `probabilities.csr` and `neighbours.csr`.
  ///
  /// - Throws: `FileError` when it cannot be written.
  public func write(to folder: String, of dataset: Dataset) throws {
    let target = RunFolder(path: folder)
    try target.create()
    try CSRFile.write(probabilities, to: folder + "/probabilities.csr")
    let path = folder + "/neighbours.csr"
    if let neighbours { try CSRFile.write(neighbours, to: path) } else { unlink(path) }
    // Last: it says that the others are there.
    try target.write(
      Record(contentHash: DatasetIdentity(dataset).contentHash), to: folder + "/audit.json")
  }

  /// Opens a folder that `write(to:of:)` has filled, or somebody else with files of the same kind.
  ///
  /// - Throws: `InputError` when the scores are of another data set, or damaged; `FileError`.
  public init(contentsOf folder: String, for dataset: Dataset) throws {
    let target = RunFolder(path: folder)
    let record = try target.read(Record.self, from: folder + "/audit.json")
    let hash = DatasetIdentity(dataset).contentHash
    // Whoever leaves the hash out vouches for the scores.
    guard record.contentHash == nil || record.contentHash == hash else {
      throw InputError(
        file: folder, reason: "the scores are of another data set, or it has changed since",
        expected: "scores of this one")
    }
    let probabilities = try CSRFile.read(folder + "/probabilities.csr")
    let train = dataset.train
    guard probabilities.rowCount == train.count,
      probabilities.columnCount == dataset.labels.count
    else {
      throw InputError(
        file: folder,
        reason: "probabilities of \(probabilities.rowCount) documents and "
          + "\(probabilities.columnCount) labels",
        expected: "\(train.count) and \(dataset.labels.count)")
    }
    let path = folder + "/neighbours.csr"
    let neighbours = target.has(path) ? try CSRFile.read(path) : nil
    if let neighbours,
      neighbours.rowCount != train.count || neighbours.columnCount != train.count
    {
      throw InputError(
        file: path, reason: "neighbours of \(neighbours.rowCount) documents",
        expected: "\(train.count)")
    }
    self.init(probabilities: probabilities, neighbours: neighbours)
  }
}
