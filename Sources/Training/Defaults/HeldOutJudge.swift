import Datasets
import Evaluation
import Foundation
import Models
import Storage

/// Trainings on a part of the training documents, judged on other training documents.
///
/// Documents are assigned by a hash of their text; copies and near-copies are on the same side.
/// The test part is never read.
struct HeldOutJudge: Sendable {
  private let learnt: Dataset
  private let judged: Split
  private let features: FeatureCache
  /// The rows of the documents to train on and of those to judge, in `features`.
  private let places: (learnt: [Int], judged: [Int])
  private let decantVersion: String
  /// The training documents that copy each other, or nearly.
  let copies: NearCopies

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
  ///   - features: the features of all training documents; nil to extract those of this division's
  ///     documents alone.
  ///   - knownLabels: whether labels without a document to train on are left out. Few labels of the
  ///     whole data are without, and they cost time.
  init?(
    _ dataset: Dataset, learning: Int, judging: Int, share: (learning: Int, judging: Int),
    features: FeatureCache? = nil, knownLabels: Bool = false, decantVersion: String
  ) {
    func thousandths(_ size: Int, _ largest: Int) -> Int {
      min(largest, min(size, dataset.train.count) * 1000 / max(dataset.train.count, 1))
    }
    let learnt = thousandths(learning, share.learning)
    let held = thousandths(judging, share.judging)
    self.init(
      dataset, learning: 0..<learnt, judging: (1000 - held)..<1000, least: (200, 100),
      copies: dataset.nearCopiesInTrain(), features: features, knownLabels: knownLabels,
      decantVersion)
  }

  /// As many divisions as `count`, each judging another part and training on all others; none if
  /// there are too few documents.
  ///
  /// - Parameter features: the features of all training documents, if others use them too.
  static func folds(
    _ count: Int, of dataset: Dataset, features: FeatureCache? = nil, decantVersion: String
  ) -> [HeldOutJudge] {
    let features =
      features ?? FeatureCache(dataset.documents, rows: dataset.train.documentIndices)
    let copies = dataset.nearCopiesInTrain()
    let folds = (0..<count).compactMap { fold in
      HeldOutJudge(
        dataset, learning: nil, judging: fold * 1000 / count..<(fold + 1) * 1000 / count,
        least: (50, 10), copies: copies, features: features, knownLabels: false, decantVersion)
    }
    return folds.count == count ? folds : []
  }

  /// - Parameters:
  ///   - learning: the buckets of a thousand to train on; nil for all that are not judged.
  ///   - least: the fewest documents on each side.
  private init?(
    _ dataset: Dataset, learning: Range<Int>?, judging: Range<Int>,
    least: (learnt: Int, judged: Int), copies: NearCopies, features: FeatureCache?,
    knownLabels: Bool, _ decantVersion: String
  ) {
    let train = dataset.train
    var (known, judged): ([Int], [Int]) = ([], [])
    for row in 0..<train.count {
      let index = copies.representative(of: Int(train.documentIndices[row]))
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
    var part = dataset
    part.train = train.selecting(rows: known)
    (part.validation, part.test) = (nil, nil)
    // Judged are rankings of the data set's labels.
    part.labels.candidates = []
    var split = train.selecting(rows: judged)
    if knownLabels {
      let counts = part.train.labels.columnCounts()
      let labels = counts.indices.filter { counts[$0] > 0 }
      part.labels = dataset.labels.selecting(labels)
      part.train = part.train.selecting(labels: labels)
      let all = split.selecting(labels: labels)
      let rows = judged.indices.filter { !all.labels.entries(ofRow: $0).isEmpty }
      (judged, split) = (rows.map { judged[$0] }, all.selecting(rows: rows))
    }
    guard known.count >= least.learnt, judged.count >= least.judged,
      part.train.labels.entryCount > 0
    else { return nil }
    (learnt, self.judged) = (part, split)
    self.decantVersion = decantVersion
    self.copies = copies
    if let features {
      (self.features, places) = (features, (known, judged))
    } else {
      let both = train.selecting(rows: known + judged).documentIndices
      self.features = FeatureCache(dataset.documents, rows: both)
      places = (Array(0..<known.count), Array(known.count..<both.count))
    }
  }

  /// The number of documents to train on.
  var learntCount: Int { learnt.train.count }
  /// The number of documents to judge.
  var judgedCount: Int { judged.count }

  /// The judgement of a training.
  struct Result {
    /// The metrics, in percent.
    var metrics: [String: Double]
    /// The mean of P@1 and nDCG@5 of each judged document, in percent.
    var scores: [Double]
    /// The gain of each of `MemoryFit.settings`, if it was asked for.
    var memoryGains: [Double]?
  }

  /// Trains with a configuration of bags and judges the result; nil if the training fails, for
  /// instance because the loss diverges.
  ///
  /// - Parameter remembers: whether the gains of a memory are needed, given the metrics; nil for
  ///   never.
  /// - Throws: `FileError`, `TorchError`; `TrainingError.interruptedInPilot`.
  func judge(
    _ configuration: TrainingConfiguration, isInterrupted: () -> Bool,
    remembering remembers: (([String: Double]) -> Bool)? = nil
  ) throws -> Result? {
    do {
      return try trainAndJudge(
        configuration, isInterrupted: isInterrupted, remembering: remembers)
    } catch TrainingError.interrupted, TrainingError.interruptedWhilePreparing {
      throw TrainingError.interruptedInPilot
    } catch is TrainingError {
      return nil
    } catch is InputError {
      return nil
    }
  }

  private func trainAndJudge(
    _ configuration: TrainingConfiguration, isInterrupted: () -> Bool,
    remembering remembers: (([String: Double]) -> Bool)?
  ) throws -> Result? {
    var configuration = configuration
    configuration.feedback = nil
    configuration.teacher = nil
    configuration.loop.patience = nil
    configuration.loop.checkpointInterval = 1e9
    // The run is not kept.
    configuration.precision = .float32
    // A weight of 0 leaves the scores alone: the training only keeps its documents' embeddings.
    if remembers != nil { configuration.memory = .init(weight: 0) }
    let all = try attributingErrors(to: configuration.dataset) { [configuration] in
      try features.learnt(configuration.features, threads: configuration.threads)
    }
    let (sample, columns) = try all.selecting(rows: places.learnt)
    guard !columns.isEmpty else { return nil }
    let scratch = try ScratchFolder("decant-pilot")
    defer { withExtendedLifetime(scratch) {} }
    let folder = RunFolder(path: scratch.path + "/run")
    _ = try Trainer(
      configuration, folder: folder, decantVersion: decantVersion, dataset: learnt,
      features: FeatureCache(
        learnt.documents, rows: learnt.train.documentIndices, knowing: sample)
    ).run(resuming: false, isInterrupted: isInterrupted)
    let model = try TrainedModel(folder: folder, threads: configuration.threads)
    let input = ScorerInput(
      bags: all.bags.selecting(rows: places.judged)
        .selecting(columns: columns, keepingLengths: true))
    let ranking = try model.ranker.topK(
      100, of: [input], excluding: judged.filter, threads: model.threads)
    let values = try RankingMetrics(
      metrics: Self.metrics, propensity: learnt.description.inversePropensity)(
        ranking, truth: judged.labels, labelCounts: learnt.train.labels.columnCounts(),
        documentCount: learnt.train.count)
    var result = Result(
      metrics: Dictionary(Self.metrics.map { ($0.description, values[$0] ?? 0) }) { $1 },
      scores: ranking.scores(truth: judged.labels))
    if remembers?(result.metrics) == true, let memory = model.memory {
      result.memoryGains = try memoryGains(memory, of: model, asking: input, about: judged)
    }
    return result
  }

  /// The gains of a memory on the first judged documents.
  private func memoryGains(
    _ memory: DocumentMemory, of model: TrainedModel, asking input: ScorerInput, about judged: Split
  ) throws -> [Double] {
    let rows = 0..<min(judged.count, MemoryFit.judgedCount)
    let split = judged.selecting(rows: Array(rows))
    let input = ScorerInput(
      bags: input.bags.selecting(rows: rows),
      vectors: input.vectors.map { TextVectors($0.gathered(rows)) })
    let neighbours = try memory.neighbours(of: model.embeddings(of: input))
    let candidates = MemoryFit.candidates(memory, neighbours)
    let (ranking, scores) = try model.ranker.topK(
      100, of: [input], keeping: candidates, excluding: split.filter, threads: model.threads)
    return try MemoryFit(
      memory: memory, neighbours: neighbours, ranking: ranking, candidates: candidates,
      candidateScores: scores, truth: split.labels, excluded: split.filter
    ).gains()
  }
}

extension [String: Double] {
  /// The mean of P@1 and nDCG@5: a single rank is noisy, and a list alone may have the wrong top.
  var score: Double { ((self["P@1"] ?? 0) + (self["nDCG@5"] ?? 0)) / 2 }
}

extension TopK {
  /// The mean of P@1 and nDCG@5 of each row, in percent.
  ///
  /// Their mean is the `score` of the metrics of `RankingMetrics`.
  ///
  /// - Parameter truth: the true labels; no row is empty.
  fileprivate func scores(truth: CSRMatrix) -> [Double] {
    let gains = (0..<5).map { 1 / log2(Double($0 + 2)) }
    return (0..<rowCount).map { row in
      let known = Set(truth.columns(ofRow: row))
      let hits = labels(ofRow: row).prefix(gains.count).map(known.contains)
      let gain = zip(hits, gains).reduce(0) { $1.0 ? $0 + $1.1 : $0 }
      let best = gains.prefix(known.count).reduce(0, +)
      return 50 * ((hits.first == true ? 1 : 0) + gain / best)
    }
  }
}
