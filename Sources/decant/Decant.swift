import ArgumentParser
import Models

@main
struct Decant: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decant",
    abstract: "Pick the right labels for a text from thousands or millions of candidates.",
    discussion: """
      Train a first model in three steps, on the package lists of this machine:

        decant data debian --task tags --output data/debian-tags
        decant train data/debian-tags --output runs/tags
        decant predict runs/tags "a text editor for programmers"

      Exit codes: 0 success, 64 wrong usage, 65 bad data, 70 internal error, 74 input or output error.
      """,
    version: version,
    subcommands: [
      NewCommand.self, DataCommand.self, InspectCommand.self, TuneCommand.self,
      TrainCommand.self, MergeCommand.self, CalibrateCommand.self, EvaluateCommand.self,
      ReportCommand.self, RunsCommand.self,
      AuditCommand.self, LabelNextCommand.self, PredictCommand.self, EmbedCommand.self,
      IndexCommand.self,
      SearchCommand.self, ServeCommand.self, ExportModelCommand.self, StreamCommand.self,
      DoctorCommand.self,
    ]
  )

  static let version = DecantVersion.current

  static func main() {
    HelpLevel.answer(Array(CommandLine.arguments.dropFirst()))
    main(arguments.map { $0 == HelpLevel.all ? "--help" : $0 })
  }

  /// The words after the program's name.
  static var arguments: [String] {
    joiningNegativeNumbers(Array(CommandLine.arguments.dropFirst()))
  }

  /// The arguments with `--name -1` as `--name=-1`.
  ///
  /// Otherwise the parser takes the number for an option and reports a missing value.
  private static func joiningNegativeNumbers(_ arguments: [String]) -> [String] {
    var joined: [String] = []
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { return joined + arguments[index...] }
      if argument.hasPrefix("-"), argument.dropFirst().first?.isNumber == true,
        let option = joined.last, option.hasPrefix("--"), !option.contains("=")
      {
        joined[joined.count - 1] = "\(option)=\(argument)"
      } else {
        joined.append(argument)
      }
    }
    return joined
  }
}
