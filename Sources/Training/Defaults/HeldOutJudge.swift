import Datasets
import Evaluation
import Foundation
import Models
import Storage

/// Trainings on a part of the training documents, judged on other training documents.
///
/// Documents are assigned by a hash of their text, so that copies of a text are on the same side.
/// The test part is never read.
struct HeldOutJudge: Sendable {
  private let dataset: Dataset
  private let learnt: Dataset
  private let judged: [Int]
  private let decantVersion: String

  /// The metrics that are computed.
  static let metrics = [
    RankingMetric(.precision, at: 1), RankingMetric(.precision, at: 5),
    RankingMetric(.discountedGain, at: 5), RankingMetric(.scoredPrecision, at: 5),
    RankingMetric(.recall, at: 100),
  ]

  /// Divides the training documents; nil if there are too few.
  ///
  /// - Parameters:
  ///   - learning: the most documents to train on.
  ///   - judging: the most documents to judge.
  ///   - share: the largest share of the documents on each side, in thousandths.
  init?(
    _ dataset: Dataset, learning: Int, judging: Int, share: (learning: Int, judging: Int),
    decantVersion: String
  ) {
    func thousandths(_ size: Int, _ largest: Int) -> Int {
      min(largest, min(size, dataset.train.count) * 1000 / max(dataset.train.count, 1))
    }
    let learnt = thousandths(learning, share.learning)
    let held = thousandths(judging, share.judging)
    self.init(
      dataset, learning: 0..<learnt, judging: (1000 - held)..<1000, least: (200, 100), decantVersion
    )
  }

  /// As many divisions as `count`, each judging another part and training on all others; none if
  /// there are too few documents.
  static func folds(_ count: Int, of dataset: Dataset, decantVersion: String) -> [HeldOutJudge] {
    let folds = (0..<count).compactMap { fold in
      HeldOutJudge(
        dataset, learning: nil, judging: fold * 1000 / count..<(fold + 1) * 1000 / count,
        least: (50, 10), decantVersion)
    }
    return folds.count == count ? folds : []
  }

  /// - Parameters:
  ///   - learning: the buckets of a thousand to train on; nil for all that are not judged.
  ///   - least: the fewest documents on each side.
  private init?(
    _ dataset: Dataset, learning: Range<Int>?, judging: Range<Int>,
    least: (learnt: Int, judged: Int), _ decantVersion: String
  ) {
    let train = dataset.train
    var (known, judged): ([Int], [Int]) = ([], [])
    for row in 0..<train.count {
      let index = Int(train.documentIndices[row])
      let name = dataset.documents.texts?[index] ?? dataset.documents.ids[index]
      // Parts of data sets are often chosen by a hash of the same names; a prefix makes this one
      // independent.
      let number = Int(SHA1.digest(of: Array("pilot \(name)".utf8))[0] % 1000)
      if judging.contains(number) {
        if !train.labels.columns(ofRow: row).isEmpty { judged.append(row) }
      } else if learning?.contains(number) ?? true {
        known.append(row)
      }
    }
    let sample = train.selecting(rows: known)
    guard known.count >= least.learnt, judged.count >= least.judged, sample.labels.entryCount > 0
    else { return nil }
    self.dataset = dataset
    self.judged = judged
    self.decantVersion = decantVersion
    var part = dataset
    part.train = sample
    (part.validation, part.test) = (nil, nil)
    self.learnt = part
  }

  /// The number of documents to train on.
  var learntCount: Int { learnt.train.count }
  /// The number of documents to judge.
  var judgedCount: Int { judged.count }

  /// Trains with a configuration and judges the result, in percent; empty if the training fails, for
  /// instance because the loss diverges.
  ///
  /// - Throws: `FileError`, `TorchError`; `TrainingError.interruptedInPilot`.
  func judge(_ configuration: TrainingConfiguration, isInterrupted: () -> Bool) throws -> [String:
    Double]
  {
    do {
      return try trainAndJudge(configuration, isInterrupted: isInterrupted)
    } catch TrainingError.interrupted, TrainingError.interruptedWhilePreparing {
      throw TrainingError.interruptedInPilot
    } catch is TrainingError {
      return [:]
    } catch is InputError {
      return [:]
    }
  }

  private func trainAndJudge(
    _ configuration: TrainingConfiguration, isInterrupted: () -> Bool
  ) throws -> [String: Double] {
    var configuration = configuration
    configuration.feedback = nil
    configuration.loop.patience = nil
    configuration.loop.checkpointInterval = 1e9
    let scratch = try ScratchFolder("decant-pilot")
    defer { withExtendedLifetime(scratch) {} }
    let folder = RunFolder(path: scratch.path + "/run")
    _ = try Trainer(configuration, folder: folder, decantVersion: decantVersion, dataset: learnt)
      .run(resuming: false, isInterrupted: isInterrupted)
    let model = try TrainedModel(folder: folder, threads: configuration.threads)
    let split = dataset.train.selecting(rows: judged)
    let inputs = try model.inputs(
      ofRows: split.documentIndices, in: dataset, at: configuration.dataset)
    let ranking = try model.ranker.topK(
      100, of: inputs, excluding: split.filter, threads: model.threads)
    let result = try RankingMetrics(
      metrics: Self.metrics, propensity: dataset.description.inversePropensity)(
        ranking, truth: split.labels, labelCounts: learnt.train.labels.columnCounts(),
        documentCount: learnt.train.count)
    return Dictionary(Self.metrics.map { ($0.description, result[$0] ?? 0) }) { $1 }
  }
}

extension [String: Double] {
  /// The mean of P@1 and nDCG@5: a single rank is noisy, and a list alone may have the wrong top.
  var score: Double { ((self["P@1"] ?? 0) + (self["nDCG@5"] ?? 0)) / 2 }
}
