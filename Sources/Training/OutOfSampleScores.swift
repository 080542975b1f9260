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

  private static let fileNames = ["audit.json", "probabilities.csr", "neighbours.csr"]

  /// Keeps the scores in a folder of their own, `audit.json`, `probabilities.csr` and
  /// `neighbours.csr`, in one atomic step; see `AtomicFolder`.
  ///
  /// - Throws: `FileError` when it cannot be written; `InputError` when it holds other files, which
  ///   are never removed.
  public func write(to folder: String, of dataset: Dataset) throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      if let stray = names.filter({ !Self.fileNames.contains($0) }).min() {
        throw InputError(
          file: folder, reason: "it holds \(stray), which is no part of kept scores",
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
