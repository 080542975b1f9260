import Foundation
import Torch

/// Runs every arm of an experiment under every condition with every seed.
struct Runner {
  var repository: Repository
  var options: ExperimentOptions

  /// Runs, tells how far it is, and stores what came out, unless the run is a quick one.
  func run(_ experiment: any Experiment.Type) throws -> ExperimentRecord {
    Runtime.threadCount = options.threads
    let machine =
      "libtorch \(Runtime.torchVersion), \(Runtime.cpuCapability), \(options.threads) thread(s)"
    var record = ExperimentRecord(
      of: experiment, sources: repository.sources(of: experiment), machine: machine)
    let prepared = try experiment.init(options)
    let seeds = options.isQuick ? 1 : options.seeds
    let total = seeds * experiment.conditions.count * experiment.arms.count
    for seed in 0..<UInt64(seeds) {
      for condition in experiment.conditions {
        for arm in experiment.arms {
          let begun = clock()
          let values = try prepared.run(arm: arm, condition: condition, seed: seed)
          let seconds = Double(clock() - begun) / Double(CLOCKS_PER_SEC)
          record.cells.append(
            .init(
              arm: arm, condition: condition, seed: seed,
              values: values.map { ($0 * 1e4).rounded() / 1e4 },
              seconds: (seconds * 100).rounded() / 100))
          let shown = zip(experiment.measures, values).map { "\($0) " + String(format: "%.2f", $1) }
          let line =
            "\(record.cells.count)/\(total)  seed \(seed), \(experiment.conditionName) "
            + "\(condition), \(arm): \(shown.joined(separator: ", ")) "
            + String(format: "(%.1f s)\n", seconds)
          FileHandle.standardError.write(Data(line.utf8))
        }
      }
    }
    record.verdict = experiment.verdict(record)
    if !options.isQuick { try repository.store(record) }
    return record
  }
}
