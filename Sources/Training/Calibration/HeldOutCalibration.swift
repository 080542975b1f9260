package import Datasets
import Evaluation
package import Models
import Storage

/// Makes the scores that calibrate a model that was trained on all documents: those of models of the
/// same settings, each trained without the documents that it scores.
///
/// A hash of their text assigns documents to parts; copies and near-copies share a part.
///
/// - Few documents: four trainings on three quarters each score all documents.
/// - More documents: one training on four fifths scores the others.
/// - Many documents, or a transformer whose weights are trained: one training on 22 %, for at most a
///   quarter of the cost of the run. A model of fewer documents is less certain, so the run's
///   probabilities become somewhat too large.
package struct HeldOutCalibration {
  /// The settings of the model to calibrate.
  private let configuration: TrainingConfiguration
  private let decantVersion: String

  /// Prepares the trainings.
  package init(_ configuration: TrainingConfiguration, decantVersion: String) {
    self.configuration = configuration
    self.decantVersion = decantVersion
  }

  /// Below this number of documents all are scored.
  private static let fewDocuments = 3000
  /// Up to this number of documents, four fifths of them are trained on.
  private static let manyDocuments = 20_000
  /// The most documents to score in one training.
  private static let judgedCount = 4000

  /// The thousandths of the documents that a training learns from and that it scores.
  struct Round: Hashable {
    var learnt: [Range<Int>]
    var judged: Range<Int>

    func learns(_ bucket: Int) -> Bool { learnt.contains { $0.contains(bucket) } }
  }

  /// The trainings for a number of documents.
  ///
  /// - Parameter isCostly: whether a training on most of the documents takes too long.
  static func rounds(documents: Int, isCostly: Bool) -> [Round] {
    if documents < fewDocuments {
      let folds = 4
      return (0..<folds).map { fold in
        let judged = fold * 1000 / folds..<(fold + 1) * 1000 / folds
        return Round(learnt: [0..<judged.lowerBound, judged.upperBound..<1000], judged: judged)
      }
    }
    let most = max(1, judgedCount * 1000 / documents)
    let isMany = documents > manyDocuments || isCostly
    return [
      Round(learnt: [0..<(isMany ? 220 : 800)], judged: 1000 - min(200, most)..<1000)
    ]
  }

  /// Scores documents that each model was not trained on.
  ///
  /// - Parameter dataset: the data that the model was trained on, its feedback included.
  /// - Throws: `InputError` if there are too few documents; the errors of training;
  ///   `TrainingError.interruptedInCalibration`.
  package func scores(
    of dataset: Dataset, progress: ProgressBar? = nil, isInterrupted: () -> Bool = { false }
  ) throws -> HeldOutScores {
    let buckets = Self.buckets(of: dataset)
    let rounds = Self.rounds(
      documents: dataset.train.count, isCostly: configuration.transformer?.isFineTuned ?? false)
    return try joined(
      rounds.map { try part($0, buckets, of: dataset, progress, isInterrupted) }, of: dataset)
  }

  /// The bucket of a thousand of each training row.
  private static func buckets(of dataset: Dataset) -> [Int] {
    let copies = dataset.nearCopiesInTrain()
    return dataset.train.documentIndices.map { index in
      let index = copies.representative(of: Int(index))
      let name = dataset.documents.texts?[index] ?? dataset.documents.ids[index]
      // The training part may itself be a selection of buckets of these names; a prefix gives
      // independent ones.
      return Int(SHA1.digest(of: Array("calibration \(name)".utf8))[0] % 1000)
    }
  }

  private func part(
    _ round: Round, _ buckets: [Int], of dataset: Dataset, _ progress: ProgressBar?,
    _ isInterrupted: () -> Bool
  ) throws -> (part: CrossValidation.Part, learnt: Int) {
    let held = buckets.indices.filter { round.judged.contains(buckets[$0]) }
    let known = buckets.indices.filter { round.learns(buckets[$0]) }
    guard !held.isEmpty, !known.isEmpty else {
      throw InputError(
        file: configuration.dataset,
        reason: "\(counted(buckets.count, "document")) cannot be divided to calibrate the model",
        expected: "more documents")
    }
    progress?.line(
      "calibration: a model of \(counted(known.count, "document")) scores \(held.count) others")
    var settings = configuration
    // The data has its feedback already.
    settings.feedback = nil
    settings.loop.patience = nil
    settings.loop.checkpointInterval = 1e9
    let validation = CrossValidation(settings, neighbours: 0, decantVersion: decantVersion)
    do {
      return (
        try validation.part(held, known, of: dataset, nil, isInterrupted), known.count
      )
    } catch TrainingError.interrupted, TrainingError.interruptedWhilePreparing {
      throw TrainingError.interruptedInCalibration
    }
  }

  private func joined(
    _ parts: [(part: CrossValidation.Part, learnt: Int)], of dataset: Dataset
  ) throws -> HeldOutScores {
    var ranking = TopK(k: parts[0].part.ranking.k)
    for (part, _) in parts {
      for row in 0..<part.ranking.rowCount {
        try ranking.append(
          labels: Array(part.ranking.labels(ofRow: row)),
          scores: Array(part.ranking.scores(ofRow: row)))
      }
    }
    return HeldOutScores(
      ranking,
      truth: dataset.train.labels.selecting(rows: parts.flatMap(\.part.rows)),
      isKnown: parts.flatMap(\.part.isKnown),
      learntDocuments: parts.reduce(0) { $0 + $1.learnt } / parts.count)
  }
}
