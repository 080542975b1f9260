import Foundation
import Storage

/// A comparison of runs.
public struct RunList: Sendable {
  /// The runs, in the order shown.
  public var runs: [RunSummary]
  /// The metric that sorts the runs; nil sorts by path.
  public let metric: String?

  /// Sorts runs by `metric`, the best first and those without it last.
  public init(_ runs: [RunSummary], by metric: String? = nil) {
    self.metric = metric
    guard let metric else {
      self.runs = runs
      return
    }
    let sign: Double = RunSummary.isBetterWhenLarger(metric) ? -1 : 1
    func rank(_ run: RunSummary) -> Double {
      guard run.state == .finished, let value = run.value(of: metric), value.isFinite else {
        return .infinity
      }
      return sign * value
    }
    self.runs = runs.sorted { (rank($0), $0.path) < (rank($1), $1.path) }
  }

  /// The finished run that is best by the list's metric on its validation part; by nDCG@5 where the
  /// list has no metric.
  ///
  /// - Throws: `ValueError` where no finished run has the metric; `InputError` where runs that have
  ///   it were trained on different data, as their validation parts are not the same.
  public func best() throws -> RunSummary {
    let name = metric ?? "nDCG@5"
    let candidates = RunList(
      runs.filter { $0.state == .finished && $0.value(of: name)?.isFinite == true }, by: name
    ).runs
    guard let best = candidates.first else {
      throw ValueError(
        runs.first?.path ?? "runs", reason: "no finished run has \(name)",
        expected: "runs made with --patience, which holds out a validation part; test figures are "
          + "never used to choose")
    }
    let hashes = Set(candidates.map(\.datasetHash))
    guard hashes.count == 1 else {
      throw InputError(
        file: best.path,
        reason: "the \(candidates.count) runs use \(hashes.count) data sets or versions of one, "
          + "whose validation parts cannot be compared",
        expected: "folders with runs on one data set")
    }
    return best
  }

  /// A table for people.
  public func table() -> String {
    guard !runs.isEmpty else { return "no runs" }
    let shown = metric.map { ["nDCG@5", $0] } ?? ["P@1", "nDCG@5"]
    let metrics = shown.enumerated().filter { shown.firstIndex(of: $1) == $0 }.map(\.element)
      .filter { !["seconds", "size", "loss"].contains($0) }
    var rows = [
      ["run", "data set", "model", "epochs", "loss"] + metrics + ["seconds", "MB", "state"]
    ]
    for run in runs {
      var row = [run.path, run.dataset ?? "–", run.model ?? "–"]
      row.append(
        run.epochs.map { epochs in
          run.keptEpoch.map { $0 == epochs ? "\(epochs)" : "\($0) of \(epochs)" } ?? "\(epochs)"
        } ?? "–")
      row.append(run.loss.map { rounded($0) } ?? "–")
      row += metrics.map { name in run.value(of: name).map { rounded($0, places: 2) } ?? "–" }
      row.append(run.trainSeconds.map { rounded($0, places: 1) } ?? "–")
      row.append(rounded(Double(run.bytes) / 1e6, places: 1))
      row.append(
        run.state == .finished
          ? run.state.rawValue : run.state.rawValue + (run.remark.map { ": \($0)" } ?? ""))
      rows.append(row)
    }
    return Self.aligned(rows, textColumns: [0, 1, 2, rows[0].count - 1])
  }

  /// The settings in which two runs differ, and their results.
  public static func comparison(_ first: RunSummary, _ second: RunSummary) -> String {
    let keys = Set(first.settings.keys).union(second.settings.keys)
      .filter { first.settings[$0] != second.settings[$0] }.sorted()
    var rows = [["", first.path, second.path]]
    rows += keys.map { [$0, first.settings[$0] ?? "–", second.settings[$0] ?? "–"] }
    if keys.isEmpty { rows.append(["all settings are the same", "", ""]) }
    rows.append(["", "", ""])
    func line(_ name: String, _ text: (RunSummary) -> String?) {
      rows.append([name, text(first) ?? "–", text(second) ?? "–"])
    }
    line("state") { $0.state.rawValue }
    if first.datasetHash != second.datasetHash {
      line("data set") { run in run.dataset.map { $0 + " " + (run.datasetHash ?? "") } }
    }
    line("epochs") { $0.epochs.map(String.init) }
    line("kept epoch") { $0.keptEpoch.map(String.init) }
    line("training loss") { $0.loss.map { rounded($0) } }
    let names = Set((first.validation ?? [:]).keys).union((second.validation ?? [:]).keys)
    for name in names.sorted() {
      line("validation \(name)") { $0.validation?[name].map { rounded($0, places: 2) } }
    }
    line("training seconds") { $0.trainSeconds.map { rounded($0, places: 1) } }
    line("processor seconds") { $0.trainCPUSeconds.map { rounded($0, places: 1) } }
    line("memory, MB") { $0.peakMemoryBytes.map { rounded(Double($0) / 1e6, places: 0) } }
    line("parameters") { $0.parameters.map(String.init) }
    line("size, MB") { rounded(Double($0.bytes) / 1e6, places: 1) }
    return aligned(rows, textColumns: [0])
  }

  private static func aligned(_ rows: [[String]], textColumns: Set<Int>) -> String {
    let rows = rows.map { $0.map(\.onOneLine) }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let spaces = String(repeating: " ", count: widths[column] - cell.count)
        line +=
          (column == 0 ? "" : "  ") + (textColumns.contains(column) ? cell + spaces : spaces + cell)
      }
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
