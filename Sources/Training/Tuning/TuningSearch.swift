import Models
import Storage

/// The state of a search: the trials, the time spent, and the best settings so far.
struct TuningSearch {
  /// A trial to run.
  struct Request {
    var changes: [String: String]
    var seed: UInt64
  }

  private(set) var log: TuningLog
  private let budget: Double
  private let draft: SettingsDraft
  /// The best settings so far, as changes of the start.
  var current: [String: String] = [:]

  /// Whether the budget has kept a trial from running.
  var isStopped = false

  init(log: TuningLog, budget: Double, draft: SettingsDraft) {
    (self.log, self.budget, self.draft) = (log, budget, draft)
  }

  /// Whether the budget is spent.
  var isSpent: Bool { log.trials.reduce(0) { $0 + $1.seconds } >= budget }

  /// The trial of some settings.
  func trial(_ changes: [String: String], seed: UInt64) -> TuningTrial? {
    log.trials.first { $0.isOf(changes, seed: seed) }
  }

  /// The mean score over seeds; 0 for a missing trial.
  func score(_ changes: [String: String], seeds: [UInt64]) -> Double {
    seeds.reduce(0) { $0 + (trial(changes, seed: $1)?.score ?? 0) } / Double(seeds.count)
  }

  /// Whether settings beat the current ones on average over two seeds, by more than half a standard
  /// error of P@1.
  ///
  /// - Parameter judgedCount: the number of documents that trials are judged on.
  func isBetter(_ changes: [String: String], judgedCount: Int) -> Bool {
    let seeds: [UInt64] = [0, 1]
    let rivals = [changes, current]
    guard
      seeds.allSatisfy({ seed in rivals.allSatisfy { trial($0, seed: seed) != nil } }),
      let share = trial(current, seed: 0)?.metrics["P@1"].map({ $0 / 100 })
    else { return false }
    let error = 100 * (share * (1 - share) / Double(max(judgedCount, 1))).squareRoot()
    return score(changes, seeds: seeds) - score(current, seeds: seeds) > error / 2
  }

  /// Adds a trial.
  mutating func add(_ trial: TuningTrial) throws { try log.add(trial) }

  /// The current settings with some other values; nil if nothing changes or if the user chose one
  /// of these settings.
  func changes(with values: [(path: String, value: JSONValue)]) throws -> [String: String]? {
    var result = current
    for (path, value) in values {
      if path == "loss", case .string(let name) = value {
        guard !draft.isChosen(path) else { return nil }
        let temperature = result.first { $0.key.hasPrefix("loss.") }?.value
        result = result.filter { $0.key != path && !$0.key.hasPrefix("loss.") }
        result[path] = draft.contains("loss.\(name)") ? nil : value.json
        result["loss.\(name).temperature"] = temperature
        continue
      }
      let path =
        path == "loss.temperature" ? try draft(of: result).temperaturePath ?? path : path
      guard !draft.isChosen(path) else { return nil }
      result[path] = (draft.values[path] ?? .null) == value ? nil : value.json
    }
    return result == current ? nil : result
  }

  /// The draft of some settings.
  func draft(of changes: [String: String]) throws -> SettingsDraft {
    var result = draft
    // A loss comes before its temperature.
    for (path, json) in changes.sorted(by: { $0.key < $1.key }) {
      result.suggest(try JSONText(json, file: path).root.value, for: path)
    }
    return result
  }

  /// The changes in words.
  func description(of changes: [String: String]) -> String {
    guard !changes.isEmpty else { return "defaults" }
    return changes.sorted { $0.key < $1.key }.map { path, json in
      "\(path.split(separator: ".").last ?? "") \(json.count > 24 ? "…" : json)"
    }.joined(separator: ", ")
  }
}
