import Foundation
import Torch

/// Tunes the arms of an experiment, and runs every arm under every condition with every seed.
struct Runner {
  /// Tuning uses separate seeds.
  static let firstChoiceSeed: UInt64 = 100

  var repository: Repository
  var options: ExperimentOptions
  /// Restricts tuning to some arms and settings; all by default.
  var arms: [String]?
  var settings: [String]?

  /// Tunes and runs an experiment, reports progress, and stores the results unless the run is a
  /// quick one.
  func run<Tried: Experiment>(_ experiment: Tried.Type) throws -> ExperimentRecord {
    let machine =
      "libtorch \(Runtime.torchVersion), \(Runtime.cpuCapability), \(options.threads) thread(s)"
    var record = ExperimentRecord(
      of: experiment, sources: try repository.sources(of: experiment), machine: machine)
    let choices = try choices(experiment)
    if !choices.isEmpty { (record.choices, record.settingName) = (choices, experiment.settingName) }
    let prepared = try prepared(experiment, part: .test)
    let seeds = options.isQuick ? 1 : options.seeds
    let total = seeds * experiment.conditions.count * experiment.arms.count
    for seed in 0..<UInt64(seeds) {
      for condition in experiment.conditions {
        for arm in experiment.arms {
          let settings = experiment.settings(of: arm)
          let chosen = record.chosen(arm.name)
          let setting = settings.first { $0.name == chosen } ?? settings[0]
          let begun = clock()
          let values = try prepared.run(
            arm: arm, condition: condition, setting: setting, seed: seed)
          let seconds = Double(clock() - begun) / Double(CLOCKS_PER_SEC)
          record.cells.append(
            .init(
              arm: arm.name, condition: condition.name, seed: seed,
              values: values.map(Self.rounded), seconds: (seconds * 100).rounded() / 100))
          tell(
            "\(record.cells.count)/\(total)  seed \(seed), \(experiment.conditionName) \(condition.name)",
            arm.name, Self.text(values, of: experiment), seconds)
        }
      }
    }
    let heaps = prepared.heaps.map { ($0.key.name, $0.value) }
    record.heaps = heaps.isEmpty ? nil : Dictionary(uniqueKeysWithValues: heaps)
    if !options.isQuick { try repository.store(record) }
    return record
  }

  /// The result of every candidate setting on the held-out part; empty if there is nothing to tune.
  ///
  /// A quick run takes the first setting of each arm untested.
  func choices<Tried: Experiment>(
    _ experiment: Tried.Type
  ) throws -> [ExperimentRecord.Choice] {
    let asked = experiment.arms.filter { arm in
      arms?.contains(arm.name) ?? (experiment.settings(of: arm).count > 1)
    }
    if asked.isEmpty || options.isQuick { return [] }
    let prepared = try prepared(experiment, part: .choice)
    var choices: [ExperimentRecord.Choice] = []
    for arm in asked {
      let own = experiment.settings(of: arm).filter { settings?.contains($0.name) ?? true }
      let means = try own.map { setting in
        let means = try experiment.choiceConditions.map { condition in
          let runs = try (0..<UInt64(experiment.choiceSeeds)).map { seed in
            let begun = clock()
            let values = try prepared.run(
              arm: arm, condition: condition, setting: setting, seed: Self.firstChoiceSeed + seed)
            tell(
              "choice  \(experiment.conditionName) \(condition.name), \(experiment.settingName) \(setting.name)",
              arm.name, Self.text(values, of: experiment),
              Double(clock() - begun) / Double(CLOCKS_PER_SEC))
            return values.first ?? 0
          }
          return ExperimentRecord.Spread(runs).mean
        }
        return Self.rounded(ExperimentRecord.Spread(means).mean)
      }
      let best = means.indices.max { means[$0] < means[$1] }
      choices += own.indices.map {
        .init(arm: arm.name, setting: own[$0].name, mean: means[$0], isTaken: $0 == best)
      }
    }
    return choices
  }

  private func prepared<Tried: Experiment>(
    _ experiment: Tried.Type, part: ExperimentOptions.Part
  ) throws -> Tried {
    Runtime.threadCount = options.threads
    var options = options
    options.part = part
    return try experiment.init(options)
  }

  private static func rounded(_ value: Double) -> Double { (value * 1e4).rounded() / 1e4 }

  private static func text(_ values: [Double], of experiment: any Experiment.Type) -> String {
    zip(experiment.measures, values).map { "\($0) " + String(format: "%.2f", $1) }
      .joined(separator: ", ")
  }

  private func tell(_ place: String, _ arm: String, _ values: String, _ seconds: Double) {
    let line = "\(place), \(arm): \(values) " + String(format: "(%.1f s)\n", seconds)
    FileHandle.standardError.write(Data(line.utf8))
  }
}
