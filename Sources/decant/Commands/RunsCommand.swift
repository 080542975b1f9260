import ArgumentParser
import Foundation
import Models
import Reports

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "List runs, compare two, or find the best.",
    discussion: """
      Looks for run folders in the given folders, up to five levels deep. The metrics are those of \
      the validation set after the epoch that was kept; a run without --patience has none. Test \
      metrics never decide: use decant evaluate once the choice is made.

      --by takes P@1, P@5, nDCG@5 or PSP@5, where more is better, or loss, seconds, memory or size, \
      where less is better.

      Examples:
        decant runs
        decant runs runs --by PSP@5
        decant runs --compare runs/a runs/b
        decant evaluate $(decant runs runs --best)
      """)

  @Argument(help: ArgumentHelp("Folders to search (default: runs).", valueName: "folder"))
  var folders: [String] = []

  @Option(help: "Metric to sort by, and for --best (there the default is nDCG@5).")
  var by: Metric?

  @Flag(help: "Print the path of the best finished run, by its validation metrics.")
  var best = false

  @Flag(help: "Compare two runs: the settings that differ, and the metrics.")
  var compare = false

  @Flag(help: "Print one JSON object per run.")
  var json = false

  enum Metric: String, ExpressibleByArgument, CaseIterable {
    case precision1 = "P@1"
    case precision5 = "P@5"
    case discountedGain5 = "nDCG@5"
    case scoredPrecision5 = "PSP@5"
    case loss, seconds, memory, size
  }

  func validate() throws {
    guard !compare || folders.count == 2 else {
      throw ValidationError("--compare needs two runs; there are \(folders.count).")
    }
    guard !compare || (!best && !json && by == nil) else {
      throw ValidationError(
        "--compare prints a table of two runs: leave out --best, --by and --json.")
    }
  }

  func run() throws {
    try reporting {
      if compare { return try StandardStreams.write(try comparison() + "\n") }
      let places = folders.isEmpty ? ["runs"] : folders
      var seen: Set<String> = []
      let found = try places.flatMap { try RunSummary.all(below: $0) }
        .filter { seen.insert($0.path).inserted }
      let list = RunList(found, by: by?.rawValue)
      if best {
        let run = try list.best()
        return try StandardStreams.write(json ? try line(run) : run.path + "\n")
      }
      try StandardStreams.write(
        json ? try list.runs.map(line).joined() : list.table() + "\n")
    }
  }

  private func comparison() throws -> String {
    let runs = try folders.map { folder in
      try RunSummary.all(below: folder).first { $0.path == folder }
        ?? RunSummary(
          RunFolder(path: folder))
    }
    return RunList.comparison(runs[0], runs[1])
  }

  private func line(_ run: RunSummary) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(run), as: UTF8.self) + "\n"
  }
}
