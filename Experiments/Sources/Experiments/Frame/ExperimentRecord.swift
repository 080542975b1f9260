import Evaluation
import Foundation

/// The results of an experiment: every value of every run, and its origin.
struct ExperimentRecord: Codable, Hashable {
  /// One run.
  struct Cell: Codable, Hashable {
    var arm: String
    var condition: String
    var seed: UInt64
    /// One per measure.
    var values: [Double]
    /// CPU seconds.
    var seconds: Double
  }

  /// The result of a candidate setting on the held-out part.
  struct Choice: Codable, Hashable {
    var arm: String
    var setting: String
    /// The mean of the first measure over conditions and seeds.
    var mean: Double
    /// Whether the results use it.
    var isTaken: Bool
  }

  /// The mean over seeds, and the sample standard deviation.
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
  /// The name of the tuned setting; nil if nothing was tuned.
  var settingName: String?
  var choices: [Choice]?
  /// The distribution of scores, by arm, if recorded.
  var heaps: [String: SimilarityHistogram]?
  /// The hash of each source file.
  var sources: [String: String]
  /// libtorch, threads, instruction set.
  var machine: String

  /// Creates a record without runs.
  init<Tried: Experiment>(
    of experiment: Tried.Type, sources: [String: String], machine: String
  ) {
    name = experiment.name
    claim = experiment.claim
    paper = experiment.paper
    data = experiment.data
    conditionName = experiment.conditionName
    conditions = experiment.conditions.map(\.name)
    arms = experiment.arms.map(\.name)
    measures = experiment.measures
    self.sources = sources
    self.machine = machine
  }

  /// A number with two decimals.
  static func text(_ value: Double) -> String { String(format: "%.2f", value) }

  /// The seeds, ascending.
  var seeds: [UInt64] { Set(cells.map(\.seed)).sorted() }

  /// The values of one measure, by ascending seed.
  func values(_ arm: String, _ condition: String, measure: Int = 0) -> [Double] {
    cells.filter { $0.arm == arm && $0.condition == condition }.sorted { $0.seed < $1.seed }
      .map { $0.values[measure] }
  }

  /// Their mean and spread.
  func spread(_ arm: String, _ condition: String, measure: Int = 0) -> Spread {
    Spread(values(arm, condition, measure: measure))
  }

  /// How much better an arm is than another, seed by seed.
  func gain(
    _ arm: String, over other: String, _ condition: String, measure: Int = 0
  ) -> PairedGain {
    let pairs = zip(
      values(arm, condition, measure: measure), values(other, condition, measure: measure))
    return PairedGain(pairs.map { $0 - $1 })
  }

  /// How much less an arm varies between conditions than another, from best to worst, seed by seed.
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

  /// The tuned setting of an arm; nil if there was only one.
  func chosen(_ arm: String) -> String? {
    choices?.first { $0.arm == arm && $0.isTaken }?.setting
  }

  /// The CPU seconds of an arm's runs under a condition.
  func seconds(_ arm: String, _ condition: String) -> Spread {
    Spread(cells.filter { $0.arm == arm && $0.condition == condition }.map(\.seconds))
  }
}
