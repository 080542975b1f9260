import Evaluation
import Foundation

/// What an experiment gave: every value of every run, and what made it.
struct ExperimentRecord: Codable, Hashable {
  /// One run.
  struct Cell: Codable, Hashable {
    var arm: String
    var condition: String
    var seed: UInt64
    /// One a measure.
    var values: [Double]
    /// Processor time.
    var seconds: Double
  }

  /// What a setting came to on the part held out.
  struct Choice: Codable, Hashable {
    var arm: String
    var setting: String
    /// Of the first measure, over conditions and seeds.
    var mean: Double
    /// Whether results were taken with it.
    var isTaken: Bool
  }

  /// The mean over seeds, and the standard deviation with one degree of freedom less.
  struct Spread: Hashable {
    var mean: Double
    var deviation: Double

    init(_ values: [Double]) {
      let count = Double(values.count)
      let mean = values.reduce(0, +) / max(1, count)
      self.mean = mean
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      deviation = count > 1 ? (squares / (count - 1)).squareRoot() : 0
    }

    /// `87.31 ± 0.42`.
    var text: String { String(format: "%.2f ± %.2f", mean, deviation) }
  }

  var name: String
  var claim: String
  var paper: String
  var data: String
  var conditionName: String
  var conditions: [String]
  var arms: [String]
  var measures: [String]
  var cells: [Cell] = []
  /// What was chosen, and from what; none where nothing was.
  var settingName: String?
  var choices: [Choice]?
  /// How scores were spread, by arm, where it was looked at.
  var heaps: [String: SimilarityHistogram]?
  /// The hash of each file that made it.
  var sources: [String: String]
  /// libtorch, threads, instruction set.
  var machine: String

  /// Starts without runs.
  init(of experiment: any Experiment.Type, sources: [String: String], machine: String) {
    name = experiment.name
    claim = experiment.claim
    paper = experiment.paper
    data = experiment.data
    conditionName = experiment.conditionName
    conditions = experiment.conditions
    arms = experiment.arms
    measures = experiment.measures
    self.sources = sources
    self.machine = machine
  }

  /// A number with two digits behind the point.
  static func text(_ value: Double) -> String { String(format: "%.2f", value) }

  /// The seeds, rising.
  var seeds: [UInt64] { Set(cells.map(\.seed)).sorted() }

  /// The values of one measure, by rising seed.
  func values(_ arm: String, _ condition: String, measure: Int = 0) -> [Double] {
    cells.filter { $0.arm == arm && $0.condition == condition }.sorted { $0.seed < $1.seed }
      .map { $0.values[measure] }
  }

  /// Their mean and spread.
  func spread(_ arm: String, _ condition: String, measure: Int = 0) -> Spread {
    Spread(values(arm, condition, measure: measure))
  }

  /// By how much an arm is above another, seed by seed.
  func gain(
    _ arm: String, over other: String, _ condition: String, measure: Int = 0
  ) -> PairedGain {
    let pairs = zip(
      values(arm, condition, measure: measure), values(other, condition, measure: measure))
    return PairedGain(pairs.map { $0 - $1 })
  }

  /// By how much less an arm varies with the conditions than another, from the best to the worst, seed
  /// by seed.
  func steadiness(_ arm: String, over other: String, measure: Int = 0) -> PairedGain {
    let ranges = [other, arm].map { arm in
      let rows = conditions.map { values(arm, $0, measure: measure) }
      return seeds.indices.map { seed in
        let values = rows.map { $0[seed] }
        return (values.max() ?? 0) - (values.min() ?? 0)
      }
    }
    return PairedGain(zip(ranges[0], ranges[1]).map { $0 - $1 })
  }

  /// What was chosen for an arm; none where there was nothing to choose.
  func chosen(_ arm: String) -> String? {
    choices?.first { $0.arm == arm && $0.isTaken }?.setting
  }

  /// Processor seconds of an arm's runs under a condition.
  func seconds(_ arm: String, _ condition: String) -> Spread {
    Spread(cells.filter { $0.arm == arm && $0.condition == condition }.map(\.seconds))
  }
}
