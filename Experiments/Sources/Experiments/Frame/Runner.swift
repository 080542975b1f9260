import Foundation
import Torch

/// Chooses what the arms of an experiment leave open, and runs every arm under every condition with
/// every seed.
struct Runner {
  /// Choices have seeds of their own.
  static let firstChoiceSeed: UInt64 = 100

  var repository: Repository
  var options: ExperimentOptions
  /// Only some arms, and only some settings, of a choice; all by default.
  var arms: [String]?
  var settings: [String]?

  /// Chooses, runs, tells how far it is, and stores what came out, unless the run is a quick one.
  func run(_ experiment: any Experiment.Type) throws -> ExperimentRecord {
    let machine =
      "libtorch \(Runtime.torchVersion), \(Runtime.cpuCapability), \(options.threads) thread(s)"
    var record = ExperimentRecord(
      of: experiment, sources: repository.sources(of: experiment), machine: machine)
    let choices = try choices(experiment)
    if !choices.isEmpty { (record.choices, record.settingName) = (choices, experiment.settingName) }
    let prepared = try prepared(experiment, part: .test)
    let seeds = options.isQuick ? 1 : options.seeds
    let total = seeds * experiment.conditions.count * experiment.arms.count
    for seed in 0..<UInt64(seeds) {
      for condition in experiment.conditions {
        for arm in experiment.arms {
          let setting = record.chosen(arm) ?? experiment.settings(of: arm).first ?? ""
          let begun = clock()
          let values = try prepared.run(
            arm: arm, condition: condition, setting: setting, seed: seed)
          let seconds = Double(clock() - begun) / Double(CLOCKS_PER_SEC)
          record.cells.append(
            .init(
              arm: arm, condition: condition, seed: seed, values: values.map(Self.rounded),
              seconds: (seconds * 100).rounded() / 100))
          tell(
            "\(record.cells.count)/\(total)  seed \(seed), \(experiment.conditionName) \(condition)",
            arm, Self.text(values, of: experiment), seconds)
        }
      }
    }
    record.heaps = prepared.heaps.isEmpty ? nil : prepared.heaps
    if !options.isQuick { try repository.store(record) }
    return record
  }

  /// What every setting comes to on the part held out; none where there is nothing to choose.
  ///
  /// A quick run takes the first setting of each arm unseen.
  func choices(_ experiment: any Experiment.Type) throws -> [ExperimentRecord.Choice] {
    let asked = experiment.arms.filter { arm in
      arms?.contains(arm) ?? (experiment.settings(of: arm).count > 1)
    }
    if asked.isEmpty || options.isQuick { return [] }
    let prepared = try prepared(experiment, part: .choice)
    var choices: [ExperimentRecord.Choice] = []
    for arm in asked {
      let own = experiment.settings(of: arm).filter { settings?.contains($0) ?? true }
      let means = try own.map { setting in
        let means = try experiment.choiceConditions.map { condition in
          let runs = try (0..<UInt64(experiment.choiceSeeds)).map { seed in
            let begun = clock()
            let values = try prepared.run(
              arm: arm, condition: condition, setting: setting, seed: Self.firstChoiceSeed + seed)
            tell(
              "choice  \(experiment.conditionName) \(condition), \(experiment.settingName) \(setting)",
              arm, Self.text(values, of: experiment),
              Double(clock() - begun) / Double(CLOCKS_PER_SEC))
            return values.first ?? 0
          }
          return ExperimentRecord.Spread(runs).mean
        }
        return Self.rounded(ExperimentRecord.Spread(means).mean)
      }
      let best = means.indices.max { means[$0] < means[$1] }
      choices += own.indices.map {
        .init(arm: arm, setting: own[$0], mean: means[$0], isTaken: $0 == best)
      }
    }
    return choices
  }

  private func prepared(
    _ experiment: any Experiment.Type, part: ExperimentOptions.Part
  ) throws -> any Experiment {
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
