public import Datasets
import Foundation
import Models
public import Storage
import Torch

/// Label probabilities and neighbours of documents, from models that were not trained on them.
///
/// Only each document's top labels and given labels are stored, so that memory grows with the
/// number of documents and not with documents × labels.
public struct OutOfSampleScores: Sendable {
  /// `[training rows, labels]`: the probability of each label, from 0 to 1; top labels first, then
  /// given labels that are not among them.
  public var probabilities: CSRMatrix
  /// `[training rows, training rows]`: near documents of other folds, nearest first, with cosines
  /// of their embeddings as values; nil if they were not computed.
  public var neighbours: CSRMatrix?

  /// Creates scores.
  ///
  /// - Precondition: both have the same number of rows.
  public init(probabilities: CSRMatrix, neighbours: CSRMatrix? = nil) {
    precondition(
      neighbours.map {
        $0.rowCount == probabilities.rowCount && $0.columnCount == probabilities.rowCount
      } ?? true, "probabilities and neighbours have different documents")
    self.probabilities = probabilities
    self.neighbours = neighbours
  }

  private struct Record: Codable {
    /// The hash of the data set; hexadecimal.
    package var contentHash: String?
  }

  private static let fileNames = ["audit.json", "probabilities.csr", "neighbours.csr"]

  /// Saves the scores in a folder as `audit.json`, `probabilities.csr` and `neighbours.csr`,
  /// atomically; see `AtomicFolder`.
  ///
  /// - Throws: `FileError` if the folder cannot be written; `InputError` if it contains other
  ///   files, which are never removed.
  public func write(to folder: String, of dataset: Dataset) throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      if let stray = names.filter({ !Self.fileNames.contains($0) }).min() {
        throw InputError(
          file: folder, reason: "it contains \(stray), which does not belong to kept scores",
          expected: "a new name, an empty folder, or kept scores to replace")
      }
    }
    let target = try AtomicFolder(path: folder)
    try CSRFile.write(probabilities, to: target.draft + "/probabilities.csr")
    if let neighbours { try CSRFile.write(neighbours, to: target.draft + "/neighbours.csr") }
    try RunFolder(path: target.draft).write(
      Record(contentHash: DatasetIdentity(dataset).contentHash), to: target.draft + "/audit.json")
    try target.commit(replacing: true)
  }

  /// Opens a folder written by `write(to:of:)` or with files of the same format.
  ///
  /// - Throws: `InputError` if the scores belong to another data set or are damaged; `FileError`.
  public init(contentsOf folder: String, for dataset: Dataset) throws {
    let target = RunFolder(path: folder)
    let record = try target.read(Record.self, from: folder + "/audit.json")
    let hash = DatasetIdentity(dataset).contentHash
    // Files from elsewhere may omit the hash; then the data set is not verified.
    guard record.contentHash == nil || record.contentHash == hash else {
      throw InputError(
        file: folder, reason: "the scores belong to another data set, or it has changed since",
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
