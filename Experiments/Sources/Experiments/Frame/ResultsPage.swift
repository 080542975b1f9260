import Evaluation
import Foundation
import Torch
import Training

/// The page of all results, with a plot a result.
struct ResultsPage {
  /// Where the page is, from the root.
  static let path = "Documentation/EXPERIMENTS.md"

  /// The files of the page, by their paths from the root.
  private(set) var files: [String: String] = [:]
  /// The names of results whose sources have changed.
  private(set) var stale: [String] = []

  /// Makes the page from what is stored.
  ///
  /// - Throws: `InputError` when a result is damaged.
  init(_ list: [any Experiment.Type], in repository: Repository) throws {
    var summary: [String] = []
    var sections: [String] = []
    for experiment in list {
      let link = "[\(experiment.name)](#\(experiment.name))"
      guard let record = try repository.record(of: experiment) else {
        summary.append("| \(experiment.name) | \(experiment.claim) | not run yet |")
        continue
      }
      let changed = Self.changes(of: record, experiment: experiment, in: repository)
      if !changed.isEmpty { stale.append(record.name) }
      let mark = changed.isEmpty ? "" : " (stale)"
      let verdict = experiment.verdict(onStored: record)
      let outcome = verdict?.outcome.rawValue ?? "no verdict"
      summary.append("| \(link) | \(record.claim) | \(outcome)\(mark) |")
      sections.append(Self.section(record, verdict, changed: changed))
      files["Documentation/experiments/\(record.name).svg"] = Self.plot(record).svg
      for (index, heap) in Self.heaps(of: record) {
        let plot = Plot(title: "\(record.name), \(record.arms[index])", histogram: heap)
        files["Documentation/experiments/\(record.name)-\(index).svg"] = plot.svg
      }
    }
    files[Self.path] = """
      # Experiments

      Claims of papers, tried at a scale that two cores reach in minutes: small networks, small data,
      short training. That a claim does not hold here does not say that it is wrong; that it holds
      does not say that it will for you. Tables give means ± standard deviations over seeds; times are
      processor seconds of a run. A verdict goes by differences between runs of one seed: a gain is
      their mean ± half of its 95 % confidence interval (Student's t), and that is how the sentence
      behind a verdict gives it. A part of a claim holds where the whole interval is on its side, does
      not hold where it is on the other side, and is undecided where 0 lies within: these runs cannot
      tell it from chance, which with 3 seeds is often so. A claim holds where all of its parts do, in
      part where some do; where none does it does not hold if one is refuted, and is undecided if none
      is. Nothing is taken off for the number of parts.

      What a table of settings names was chosen for every arm, the baseline as the others, by
      the first measure on data held out of what is learned from, with other seeds. The parts that judge
      are not untouched: most claims had been tried on them in an earlier form; dcl-batch-size, groco,
      feature-transformation and re-identification were run on them again after a change, mochi, unpg and
      metrix with settings and seeds that a review had written down before, and icnn-few-shot's verdict
      was put another way after its numbers were seen. Written by
      `experiment page` (see [Experiments](../Experiments/README.md)); a result is stale when the code
      that made it has changed since.

      | Experiment | Claim | Here |
      |---|---|---|
      \(summary.joined(separator: "\n"))
      \(sections.joined())
      """
  }

  /// The files that have changed since a result was made.
  private static func changes(
    of record: ExperimentRecord, experiment: any Experiment.Type, in repository: Repository
  ) -> [String] {
    let now = repository.sources(of: experiment)
    return Set(now.keys).union(record.sources.keys)
      .filter { now[$0] != record.sources[$0] }.sorted()
  }

  private static func section(
    _ record: ExperimentRecord, _ verdict: Verdict?, changed: [String]
  ) -> String {
    var text = "\n## \(record.name)\n\n**Claim.** \(record.claim) \(record.paper)\n\n"
    if !changed.isEmpty {
      let names = changed.map { "`\($0)`" }.joined(separator: ", ")
      text += "> **Stale**: \(names) changed since.\n\n"
    }
    if let verdict {
      text += "**Verdict: \(verdict.outcome.rawValue).** \(verdict.sentence)\n\n"
    }
    text += "**Data.** \(record.data)\n" + settings(record)
    for (index, measure) in record.measures.enumerated() {
      text += "\n\(measure), \(record.seeds.count) seeds:\n\n"
      text += table(record) { record.spread($0, $1, measure: index).text }
    }
    text += "\nProcessor seconds of a run:\n\n"
    text += table(record) { String(format: "%.1f", record.seconds($0, $1).mean) }
    text += """

      ![\(record.measures.first ?? "") by \(record.conditionName)](experiments/\(record.name).svg)

      """
    for (index, _) in heaps(of: record) {
      text += "\nScores in training, \(record.arms[index]):\n\n"
      text += "![Scores of \(record.arms[index])](experiments/\(record.name)-\(index).svg)\n"
    }
    return text + "\n`experiment run \(record.name)` on \(record.machine).\n"
  }

  /// What was chosen, and what the others came to on the part held out.
  private static func settings(_ record: ExperimentRecord) -> String {
    guard let choices = record.choices, let name = record.settingName else { return "" }
    var text =
      "\nChosen on data held out, by \(record.measures.first ?? ""):\n\n| | \(name) |\n|---|---|\n"
    for arm in record.arms {
      let own = choices.filter { $0.arm == arm }
      if own.isEmpty { continue }
      let values = own.map { choice in
        let words = "\(choice.setting): \(ExperimentRecord.text(choice.mean))"
        return choice.isTaken ? "**\(words)**" : words
      }
      text += "| \(arm) | \(values.joined(separator: ", ")) |\n"
    }
    return text
  }

  /// The spreads of scores with the number of their arm.
  private static func heaps(of record: ExperimentRecord) -> [(Int, SimilarityHistogram)] {
    record.arms.enumerated().compactMap { index, arm in
      record.heaps?[arm].map { (index, $0) }
    }
  }

  private static func table(
    _ record: ExperimentRecord, _ value: (_ arm: String, _ condition: String) -> String
  ) -> String {
    let head = ([record.conditionName] + record.arms).joined(separator: " | ")
    var text = "| \(head) |\n|\(String(repeating: "---|", count: record.arms.count + 1))\n"
    for condition in record.conditions {
      let cells = [condition] + record.arms.map { value($0, condition) }
      text += "| \(cells.joined(separator: " | ")) |\n"
    }
    return text
  }

  private static func plot(_ record: ExperimentRecord) -> Plot {
    // One condition says nothing along an axis: the arms stand side by side instead.
    if record.conditions.count == 1 {
      let values = record.arms.map { arm -> (mean: Double, deviation: Double)? in
        let spread = record.spread(arm, record.conditions[0])
        return (spread.mean, spread.deviation)
      }
      return Plot(
        title: record.claim, xName: "", yName: record.measures.first ?? "", places: record.arms,
        series: [Plot.Series(name: record.conditions[0], values: values)], joinsPlaces: false)
    }
    return Plot(
      title: record.claim, xName: record.conditionName, yName: record.measures.first ?? "",
      places: record.conditions,
      series: record.arms.map { arm in
        Plot.Series(
          name: arm,
          values: record.conditions.map {
            let spread = record.spread(arm, $0)
            return (spread.mean, spread.deviation)
          })
      })
  }

  /// Writes the files.
  func write(in repository: Repository) throws {
    try FileManager.default.createDirectory(
      atPath: repository.path("Documentation/experiments"), withIntermediateDirectories: true)
    for (path, text) in files { try writeAtomically(text, to: repository.path(path)) }
  }

  /// The files that are not what would be written.
  func outdated(in repository: Repository) -> [String] {
    files.filter { path, text in
      FileManager.default.contents(atPath: repository.path(path)) != Data(text.utf8)
    }.keys.sorted()
  }
}
