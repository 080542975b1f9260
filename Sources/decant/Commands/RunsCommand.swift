import ArgumentParser
import Foundation
import Training

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "Lists runs, compares two, names the best.",
    discussion: """
      Looks for run folders in the folders given and below, five deep. Figures are those of the \
      validation part after the epoch that was kept; a run without --patience has none. Test figures \
      are never used to choose: ask decant evaluate for them once the choice is made.

      --by takes P@1, P@5, nDCG@5 or PSP@5, for which more is better, or loss, seconds, memory or \
      size, for which less is.

      Examples:
        decant runs
        decant runs runs --by PSP@5
        decant runs --compare runs/a runs/b
        decant evaluate $(decant runs runs --best)
      """)

  @Argument(help: ArgumentHelp("Folders to look in (default: runs).", valueName: "folder"))
  var folders: [String] = []

  @Option(help: "What to order by, and what --best compares (nDCG@5).")
  var by: Metric?

  @Flag(help: "Print the path of the best finished run, by its validation part.")
  var best = false

  @Flag(help: "Print only the settings in which two runs differ, and their figures.")
  var compare = false

  @Flag(help: "Write one JSON object a run.")
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
      throw ValidationError("--compare takes two runs; there are \(folders.count).")
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
