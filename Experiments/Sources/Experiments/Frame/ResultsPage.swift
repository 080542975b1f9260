import Evaluation
import Foundation
import Reports
import Storage

/// The page of all results, with one plot per result.
struct ResultsPage {
  /// The path of the page, relative to the root.
  static let path = "Documentation/EXPERIMENTS.md"

  /// The files of the page, by path relative to the root.
  private(set) var files: [String: String] = [:]
  /// The names of results whose sources have changed.
  private(set) var stale: [String] = []

  /// Creates the page from the stored results.
  ///
  /// - Throws: `InputError` if a result is damaged, or if a type has no file.
  init(_ list: [any Experiment.Type], in repository: Repository) throws {
    var summary: [String] = []
    var sections: [String] = []
    let sources = SourceFiles(repository)
    for experiment in list {
      let link = "[\(experiment.name)](#\(experiment.name))"
      guard let record = try repository.record(of: experiment) else {
        summary.append("| \(experiment.name) | \(experiment.claim) | not run yet |")
        continue
      }
      let changed = try Self.changes(of: record, now: sources.hashes(of: experiment))
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

      This page tests claims of papers at a scale that two cores handle in minutes: small networks, small
      data, short training. A claim that fails here may still be right, and a claim that holds here may not
      hold for your data.

      Tables show means ± standard deviations over seeds, and CPU seconds per run. Verdicts compare runs
      with the same seed. They quote each gain as the mean difference ± half the width of its 95 %
      confidence interval (Student's t):

      - A part of a claim **holds** if the whole interval is on its side, and **does not hold** if the whole
        interval is on the other side. It is **undecided** if the interval contains 0: these runs cannot
        distinguish the gain from chance. This is common with 3 seeds.
      - A claim **holds** if all of its parts hold, and **holds in part** if only some do. If none holds, the
        claim **does not hold** if at least one part does not, and is **undecided** otherwise.

      The intervals are not corrected for the number of parts.

      The settings of every arm, including the baseline, were tuned on held-out training data, by the first
      measure of the table and with separate seeds. The test data was not always fresh:

      - Most claims had been tested on the same test data in an earlier form.
      - dcl-batch-size, groco, feature-transformation and re-identification were run on it again after a
        change.
      - mochi, unpg and metrix were run again with settings and seeds that a review had fixed in advance.
      - The verdict of icnn-few-shot was reworded after its numbers were known.

      `experiment page` writes this page (see [Experiments](../Experiments/README.md)). A result is marked as
      stale if its code has changed since it was recorded.

      | Experiment | Claim | Here |
      |---|---|---|
      \(summary.joined(separator: "\n"))
      \(sections.joined())
      """
  }

  /// The files that have changed since a result was recorded.
  private static func changes(
    of record: ExperimentRecord, now: [String: String]
  ) -> [String] {
    Set(now.keys).union(record.sources.keys)
      .filter { now[$0] != record.sources[$0] }.sorted()
  }

  private static func section(
    _ record: ExperimentRecord, _ verdict: Verdict?, changed: [String]
  ) -> String {
    var text = "\n## \(record.name)\n\n**Claim.** \(record.claim) \(record.paper)\n\n"
    if !changed.isEmpty {
      let names = changed.map { "`\($0)`" }.joined(separator: ", ")
      text += "> **Stale** after changes in \(names).\n\n"
    }
    if let verdict {
      text += "**Verdict: \(verdict.outcome.rawValue).** \(verdict.sentence)\n\n"
    }
    text += "**Data.** \(record.data)\n" + settings(record)
    for (index, measure) in record.measures.enumerated() {
      text += "\n\(measure), \(record.seeds.count) seeds:\n\n"
      text += table(record) { record.spread($0, $1, measure: index).text }
    }
    text += "\nCPU seconds per run:\n\n"
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

  /// The tuned settings, and the results of the other candidates on the held-out part.
  private static func settings(_ record: ExperimentRecord) -> String {
    guard let choices = record.choices, let name = record.settingName else { return "" }
    var text =
      "\nTuned on held-out data by \(record.measures.first ?? ""):\n\n| | \(name) |\n|---|---|\n"
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

  /// The distributions of scores with the index of their arm.
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
    // With one condition the x axis shows the arms instead.
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

  /// The files that differ from the generated ones.
  func outdated(in repository: Repository) -> [String] {
    files.filter { path, text in
      FileManager.default.contents(atPath: repository.path(path)) != Data(text.utf8)
    }.keys.sorted()
  }
}
