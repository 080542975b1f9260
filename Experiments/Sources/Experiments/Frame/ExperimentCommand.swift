import Foundation
import Storage

/// The command line: `experiment list`, `choose`, `run`, `page` and `restamp`.
@main struct ExperimentCommand {
  static let usage = """
    Tests claims of papers at small scale.

    usage:
      experiment list                lists the experiments, and which results are stale
      experiment choose NAME [options]
                                     compares each arm's settings on the held-out part
      experiment run NAME [options]  tunes, runs and writes Experiments/results/NAME.json
      experiment page                writes Documentation/EXPERIMENTS.md and its plots
      experiment page --check        fails if these are not up to date
      experiment restamp NAME        renews the hashes of the code in a result, and nothing else;
                                     Experiments/confirm calls it if the numbers are unchanged

    options of choose and run:
      --data FOLDER  the folder of data sets (default data)
      --threads N    threads per run (default 1, which keeps results comparable)

    options of run:
      --seeds N      number of seeds per arm (default 3)
      --quick        smoke test with one seed and little training; stores nothing

    options of choose:
      --arms A,B     only these arms
      --settings A,B only these settings

    """

  static func main() {
    do {
      try run(Array(CommandLine.arguments.dropFirst()))
    } catch {
      FileHandle.standardError.write(Data("experiment: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func run(_ arguments: [String]) throws {
    switch arguments.first {
    case "list" where arguments.count == 1: try list()
    case "choose": try choose(arguments.dropFirst().first, Array(arguments.dropFirst(2)))
    case "run": try run(named: arguments.dropFirst().first, Array(arguments.dropFirst(2)))
    case "page" where arguments.count == 1: try page(isChecking: false)
    case "page" where arguments == ["page", "--check"]: try page(isChecking: true)
    case "restamp" where arguments.count == 2: try restamp(arguments[1])
    case nil, "--help", "-h", "help": print(usage, terminator: "")
    default: throw refusal("\(arguments.joined(separator: " "))")
    }
  }

  private static func refusal(_ reason: String) -> InputError {
    InputError(file: "command line", reason: reason, expected: "the usage in `experiment --help`")
  }

  private static func list() throws {
    let repository = try Repository()
    let page = try ResultsPage(experiments, in: repository)
    for experiment in experiments {
      let record = try repository.record(of: experiment)
      let state =
        page.stale.contains(experiment.name)
        ? "stale"
        : record.map { experiment.verdict(onStored: $0)?.outcome.rawValue ?? "no verdict" }
          ?? "not run yet"
      print("\(experiment.name)  [\(state)]\n    \(experiment.claim)")
    }
  }

  private static func experiment(named name: String?) throws -> any Experiment.Type {
    guard let experiment = experiments.first(where: { $0.name == name }) else {
      throw InputError(
        file: "command line", reason: "there is no experiment \(name ?? "without a name")",
        expected: experiments.map { $0.name }.joined(separator: ", "))
    }
    return experiment
  }

  private static func choose(_ name: String?, _ rest: [String]) throws {
    let experiment = try experiment(named: name)
    var runner = Runner(repository: try Repository(), options: ExperimentOptions())
    try read(rest, into: &runner, isChoosing: true)
    for choice in try runner.choices(experiment) {
      let mark = choice.isTaken ? "  taken" : ""
      print(
        "\(choice.arm)  \(experiment.settingName) \(choice.setting)  "
          + "\(ExperimentRecord.text(choice.mean))\(mark)")
    }
  }

  private static func run(named name: String?, _ rest: [String]) throws {
    let experiment = try experiment(named: name)
    let repository = try Repository()
    var runner = Runner(repository: repository, options: ExperimentOptions())
    try read(rest, into: &runner, isChoosing: false)
    let record = try runner.run(experiment)
    for condition in record.conditions {
      for arm in record.arms {
        let values = record.measures.indices.map {
          "\(record.measures[$0]) \(record.spread(arm, condition, measure: $0).text)"
        }
        print("\(record.conditionName) \(condition)  \(arm)  \(values.joined(separator: "  "))")
      }
    }
    if let verdict = experiment.verdict(onStored: record) {
      print("\(verdict.outcome.rawValue): \(verdict.sentence)")
    }
    print(
      runner.options.isQuick
        ? "a quick run: nothing is stored" : "stored in \(repository.resultPath(record.name))")
  }

  private static func restamp(_ name: String) throws {
    let experiment = try experiment(named: name)
    let repository = try Repository()
    guard var record = try repository.record(of: experiment) else {
      throw InputError(
        file: repository.resultPath(name), reason: "no result", expected: "a stored result")
    }
    guard experiment.verdict(onStored: record) != nil else {
      throw InputError(
        file: repository.resultPath(name), reason: "other arms, conditions or measures",
        expected: "those of the experiment")
    }
    record.sources = try repository.sources(of: experiment)
    try repository.store(record)
  }

  private static func read(
    _ arguments: [String], into runner: inout Runner, isChoosing: Bool
  ) throws {
    var rest = arguments[...]
    while let option = rest.popFirst() {
      switch option {
      case "--quick" where !isChoosing: runner.options.isQuick = true
      case "--data":
        guard let folder = rest.popFirst() else { throw refusal("--data without a folder") }
        runner.options.data = folder
      case "--seeds" where !isChoosing:
        runner.options.seeds = try number(rest.popFirst(), after: option)
      case "--threads": runner.options.threads = try number(rest.popFirst(), after: option)
      case "--arms" where isChoosing: runner.arms = try names(rest.popFirst(), after: option)
      case "--settings" where isChoosing:
        runner.settings = try names(rest.popFirst(), after: option)
      default: throw refusal("the option \(option)")
      }
    }
  }

  private static func names(_ text: String?, after option: String) throws -> [String] {
    guard let text else { throw refusal("\(option) without names") }
    return text.split(separator: ",").map(String.init)
  }

  private static func number(_ text: String?, after option: String) throws -> Int {
    guard let text, let number = Int(text), number >= 1 else {
      throw refusal("\(option) \(text ?? "without a number")")
    }
    return number
  }

  private static func page(isChecking: Bool) throws {
    let repository = try Repository()
    let page = try ResultsPage(experiments, in: repository)
    if isChecking {
      let outdated = page.outdated(in: repository)
      guard outdated.isEmpty else {
        throw InputError(
          file: outdated.joined(separator: ", "), reason: "not up to date",
          expected: "what `experiment page` writes")
      }
    } else {
      try page.write(in: repository)
    }
    if !page.stale.isEmpty { print("stale: \(page.stale.joined(separator: ", "))") }
  }
}
