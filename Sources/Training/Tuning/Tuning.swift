package import Datasets
import Dispatch
import Foundation
public import Models
import Storage
import Synchronization

/// Searches settings on held-out training documents, one setting after the other.
///
/// From the defaults for the data, each `TuningMove` tries its alternatives; the best replaces the
/// current value if it is better with two seeds on average, by more than half a standard error of
/// P@1: among many alternatives, one is always a little better by chance. Rounds are repeated until
/// nothing improves or the budget is spent. Trials run side by side, each with one thread. Below
/// 5,000 documents a trial is the mean of five folds. The test part is never read.
///
/// Every trial is kept in a file. A search that is started again with the same data and options
/// takes its results from there.
public struct Tuning {
  /// How long to search, and where trials are kept.
  public struct Options: Sendable {
    /// Seconds; trials that are in the file count with their time.
    public var budget: Double
    /// The number of trials side by side.
    public var workers: Int
    /// The file of the trials.
    public var log: String

    /// Creates options.
    public init(budget: Double, workers: Int, log: String) {
      (self.budget, self.workers, self.log) = (budget, workers, log)
    }
  }

  /// The result of a search.
  public struct Result: Sendable {
    /// The best settings.
    public var configuration: TrainingConfiguration
    /// The trial of the settings at the start, with the first seed.
    public var start: TuningTrial
    /// The trial of the best settings, with the first seed.
    public var best: TuningTrial
    /// For each move, the largest difference between the scores of two of its values.
    public var effects: [(name: String, gain: Double)]
    /// All trials.
    public var trials: [TuningTrial]
    /// Whether the budget ended the search.
    public var isBudgetSpent: Bool

    /// The best trial above the best settings that the budget left without a second seed.
    public var unconfirmed: TuningTrial? {
      trials.filter { trial in
        trial.seed == 0 && trial.score > best.score
          && !trials.contains { $0.isOf(trial.changes, seed: 1) }
      }.max { $0.score < $1.score }
    }
  }

  private let dataset: Dataset
  private let start: SettingsDraft
  private let options: Options
  private let decantVersion: String
  private let report: (String) -> Void
  private let isInterrupted: @Sendable () -> Bool

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - start: the settings to start from; those that the user chose stay.
  ///   - report: receives a line about each trial.
  package init(
    _ dataset: Dataset, start: SettingsDraft, options: Options, decantVersion: String,
    reporting report: @escaping (String) -> Void = { _ in },
    isInterrupted: @escaping @Sendable () -> Bool = { false }
  ) {
    self.dataset = dataset
    self.start = start
    self.options = options
    self.decantVersion = decantVersion
    self.report = report
    self.isInterrupted = isInterrupted
  }

  /// The gain in points below which an alternative is not worth a second seed.
  private static let leastGain = 0.1

  /// Searches.
  ///
  /// - Throws: `InputError` if there are too few documents, if the file of trials belongs to another
  ///   search, or if even the defaults cannot be trained; `TrainingError.interruptedInSearch`;
  ///   `FileError`, `TorchError`.
  public func run() throws -> Result {
    do {
      return try search()
    } catch TrainingError.interruptedInPilot {
      throw TrainingError.interruptedInSearch(log: options.log)
    }
  }

  private func search() throws -> Result {
    let configuration = try start.completed()
    let log = try TuningLog(
      path: options.log, data: String(dataset.contentHash ?? 0, radix: 16),
      start: JSONValue(encoding: configuration.ofTrial(seed: 0).withoutPath).json
    ) { try documentsPerTrial(configuration) }
    var search = TuningSearch(
      log: log, budget: options.budget, draft: start)
    let judges = judges(learning: log.head.documents)
    guard !judges.isEmpty else { throw tooFew }
    try run([TuningSearch.Request(changes: [:], seed: 0)], in: &search, judges)
    guard let first = search.trial([:], seed: 0), !first.metrics.isEmpty else {
      throw InputError(
        file: configuration.dataset, reason: "a training with the defaults fails",
        expected: "data that decant train accepts")
    }
    let moves = TuningMove.all(for: DataProfile(dataset))
    var effects: [String: Double] = [:]
    var hasImproved = true
    // Known trials count even if the budget is spent.
    while hasImproved, !search.isStopped {
      hasImproved = false
      for move in moves where !search.isStopped {
        guard let gain = try improve(move, in: &search, judges) else { continue }
        effects[move.name] = max(effects[move.name] ?? 0, gain.effect)
        hasImproved = hasImproved || gain.isImproved
      }
    }
    guard let best = search.trial(search.current, seed: 0) else { throw tooFew }
    return Result(
      configuration: try search.draft(of: search.current).completed(), start: first, best: best,
      effects: moves.compactMap { move in effects[move.name].map { (move.name, $0) } },
      trials: search.log.trials, isBudgetSpent: search.isStopped)
  }

  /// Tries the alternatives of a move and takes the best if it is better with two seeds; nil if none
  /// could be tried.
  private func improve(_ move: TuningMove, in search: inout TuningSearch, _ judges: [HeldOutJudge])
    throws -> (effect: Double, isImproved: Bool)?
  {
    let alternatives = try move.alternatives.compactMap { try search.changes(with: $0) }
    guard !alternatives.isEmpty else { return nil }
    try run(alternatives.map { .init(changes: $0, seed: 0) }, in: &search, judges)
    let current = search.score(search.current, seeds: [0])
    let tried = alternatives.filter { search.trial($0, seed: 0) != nil }
    guard
      let best = tried.max(by: { search.score($0, seeds: [0]) < search.score($1, seeds: [0]) })
    else { return nil }
    let gain = search.score(best, seeds: [0]) - current
    let worst = tried.map { search.score($0, seeds: [0]) }.min() ?? current
    let spread = max(current, current + gain) - min(worst, current)
    guard gain > Self.leastGain, !search.isStopped else { return (spread, false) }
    try run([best, search.current].map { .init(changes: $0, seed: 1) }, in: &search, judges)
    guard search.isBetter(best, judgedCount: judges.reduce(0) { $0 + $1.judgedCount }) else {
      return (spread, false)
    }
    search.current = best
    report(
      String(format: "%@ improves the score by %.2f: ", move.name, gain)
        + search.description(of: best))
    return (spread, true)
  }

  /// Runs the trials that are not known yet, side by side, while the budget lasts.
  private func run(
    _ requests: [TuningSearch.Request], in search: inout TuningSearch, _ judges: [HeldOutJudge]
  ) throws {
    var open = requests.filter { search.trial($0.changes, seed: $0.seed) == nil }
    while !open.isEmpty {
      guard !search.isSpent || search.log.trials.isEmpty else {
        search.isStopped = true
        return
      }
      let batch = Array(open.prefix(options.workers))
      open.removeFirst(batch.count)
      let configurations = try batch.map { request in
        try search.draft(of: request.changes).completed().ofTrial(seed: request.seed)
      }
      let results = Mutex<[Int: Swift.Result<[String: Double], any Error>]>([:])
      let isInterrupted = isInterrupted
      let begun = ResourceUsage.wallSeconds()
      DispatchQueue.concurrentPerform(iterations: batch.count) { number in
        let result = Swift.Result {
          try judges.judge(configurations[number], isInterrupted: isInterrupted)
        }
        results.withLock { $0[number] = result }
      }
      let seconds = (ResourceUsage.wallSeconds() - begun) / Double(batch.count)
      let all = results.withLock { $0 }
      for (number, request) in batch.enumerated() {
        guard let metrics = try all[number]?.get() else { continue }
        let trial = TuningTrial(
          changes: request.changes, seed: request.seed, documents: judges[0].learntCount,
          metrics: metrics, seconds: seconds)
        try search.add(trial)
        report(
          String(format: "%.2f  P@1 %.2f  ", trial.score, metrics["P@1"] ?? 0)
            + search.description(of: request.changes))
      }
    }
  }

  /// The path of the data set.
  private var path: String {
    if case .string(let path) = start.values["dataset"] { path } else { "" }
  }

  private var tooFew: InputError {
    InputError(
      file: path, reason: "\(dataset.train.count) training documents are too few for a search",
      expected: "about 100")
  }

  /// The documents below which one held-out part would be too small to choose by.
  private static let foldedCount = 5000

  /// The divisions of the training documents that each trial is judged on; none if there are too
  /// few.
  private func judges(learning: Int) -> [HeldOutJudge] {
    if dataset.train.count < Self.foldedCount {
      return HeldOutJudge.folds(5, of: dataset, decantVersion: decantVersion)
    }
    let judge = HeldOutJudge(
      dataset, learning: learning, judging: 5000, share: (800, 200), decantVersion: decantVersion)
    return judge.map { [$0] } ?? []
  }

  /// As many documents that some fifty trials fit into the budget; all of few.
  private func documentsPerTrial(_ configuration: TrainingConfiguration) throws -> Int {
    guard dataset.train.count >= Self.foldedCount else { return max(dataset.train.count, 1) }
    let probe = 4000
    guard let judge = judges(learning: probe).first else { throw tooFew }
    let begun = ResourceUsage.wallSeconds()
    _ = try judge.judge(configuration.ofTrial(seed: 0), isInterrupted: isInterrupted)
    let seconds = ResourceUsage.wallSeconds() - begun
    let affordable = options.budget * Double(options.workers) / 50
    return max(probe, Int(Double(judge.learntCount) * affordable / max(seconds, 0.01)))
  }
}

extension [HeldOutJudge] {
  /// The mean metrics of all divisions; empty if one training fails.
  fileprivate func judge(_ configuration: TrainingConfiguration, isInterrupted: () -> Bool) throws
    -> [String: Double]
  {
    var sums: [String: Double] = [:]
    for judge in self {
      let result = try judge.judge(configuration, isInterrupted: isInterrupted)
      guard let metrics = result?.metrics else { return [:] }
      sums.merge(metrics, uniquingKeysWith: +)
    }
    return sums.mapValues { $0 / Double(count) }
  }
}

extension TrainingConfiguration {
  /// The same with one thread and another seed.
  func ofTrial(seed: UInt64) -> TrainingConfiguration {
    var result = self
    (result.threads, result.seed) = (1, seed)
    return result
  }

  /// The same without the path of the data set, which may move.
  var withoutPath: TrainingConfiguration {
    var result = self
    result.dataset = ""
    return result
  }
}
