import ArgumentParser

@main
struct Decant: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decant",
    abstract: "Ranks the right labels for a text out of thousands to millions.",
    discussion: """
      A first model in three steps, on the package lists of this machine:

        decant data debian --task tags --output data/debian-tags
        decant train data/debian-tags --output runs/tags
        decant predict runs/tags "a text editor for programmers"

      Exit codes: 0 good, 64 wrong usage, 65 bad data, 70 internal error, 74 input or output.
      """,
    version: version,
    subcommands: [
      NewCommand.self, DataCommand.self, InspectCommand.self, TrainCommand.self,
      CalibrateCommand.self, EvaluateCommand.self, ReportCommand.self, RunsCommand.self,
      AuditCommand.self, PredictCommand.self, EmbedCommand.self, IndexCommand.self,
      SearchCommand.self, ServeCommand.self, ExportModelCommand.self, StreamCommand.self,
      DoctorCommand.self,
    ]
  )

  static let version = "0.1.0"
}
