import Datasets
import Evaluation
import Extreme
import Models
import Storage
import Torch

/// A teacher's scores of the documents that a training learns from, computed once for all epochs.
///
/// A teacher is the mean of one or more runs. It also scores the documents that are in no part of the
/// data set: they have no labels, and through the teacher's scores a training learns from them, too.
struct TeacherScores: Sendable {
  /// The teacher's best labels of each document with their scores, `[N, L]`.
  let scores: CSRMatrix
  /// The number of documents without labels; they are the last ones.
  let unlabelledCount: Int

  /// Wraps scores that were computed before.
  init(scores: CSRMatrix, unlabelledCount: Int) {
    self.scores = scores
    self.unlabelledCount = unlabelledCount
  }

  /// Computes the scores.
  ///
  /// - Parameters:
  ///   - settings: the runs.
  ///   - split: the documents to learn from, those without labels last.
  ///   - path: the path of the data set.
  ///   - file: the file of the settings, for messages.
  /// - Throws: `InputError` if a run has other labels, reads other documents or is not finished.
  init(
    _ settings: TeacherConfiguration, of split: Split, unlabelledCount: Int, in dataset: Dataset,
    at path: String, threads: Int, file: String
  ) throws {
    // Data sets of one file number labels as they come.
    let places = Dictionary(
      dataset.labels.ids.enumerated().map { ($0.element.normalizedToNFC, Int32($0.offset)) }
    ) { first, _ in first }
    let runs = try settings.runs.map { RunFolder(path: $0) }.flatMap { try $0.members() ?? [$0] }
    let models = try runs.map { run in
      let model = try TrainedModel(folder: run, threads: threads)
      guard model.labelIDs.count == places.count, model.labelIDs.allSatisfy({ places[$0] != nil })
      else {
        throw InputError(
          file: run.path,
          reason: "the teacher's \(model.labelIDs.count) labels are not those of \(path)",
          expected: "a run on the same labels")
      }
      return model
    }
    guard let first = models.first else {
      throw InputError(
        file: file, reason: "the teacher has no runs", expected: "one or more run folders")
    }
    let teacher = try first.averaged(with: Array(models.dropFirst()))
    let inputs = try teacher.inputs(ofRows: split.documentIndices, in: dataset, at: path)
    let ranking = try teacher.ranker.topK(
      min(settings.listLength, dataset.labels.count), of: inputs, threads: threads)
    guard ranking.scores.allSatisfy(\.isFinite) else {
      throw InputError(
        file: first.folder.path, reason: "a score of the teacher is not finite",
        expected: "runs with finite scores")
    }
    let labels = ranking.labels.map { places[first.labelIDs[Int($0)]] ?? 0 }
    scores = CSRMatrix(
      rowOffsets: MappedArray(ranking.rowOffsets.map(Int64.init)),
      columns: MappedArray(labels), values: MappedArray(ranking.scores),
      columnCount: dataset.labels.count)
    self.unlabelledCount = unlabelledCount
  }
}

extension Split {
  /// This part followed by documents without labels; without a filter, which training ignores.
  func adding(unlabelled documents: [Int32]) -> Split {
    guard !documents.isEmpty else { return self }
    let none = CSRMatrix(
      rowOffsets: MappedArray([Int64](repeating: 0, count: documents.count + 1)),
      columns: MappedArray([]), values: labels.values == nil ? nil : MappedArray([]),
      columnCount: labels.columnCount)
    return Split(
      documentIndices: MappedArray(Array(documentIndices) + documents),
      labels: labels.stacked(over: none))
  }
}
