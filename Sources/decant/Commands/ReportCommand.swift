import ArgumentParser
import Foundation
import Torch
import Training

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes a page to look at: how a run was trained, how good it is, where it errs.",
    discussion: """
      One HTML file with curves, metrics by label frequency, calibration, labels that stand in the \
      places of others, documents ranked right and wrong, and a map of documents and labels. It \
      needs no network and no scripts, and holds names and texts of the data set: mind who reads it.

      Without --split the test documents are judged, or those of validation where there is no test; \
      of a single file that the run was not trained on, all documents.

      Examples:
        decant report runs/tags
        decant report runs/patient --split validation --output patient.html
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var run_: String

  @Option(
    help: ArgumentHelp("The file to write (default: report.html in the run).", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "The data set, a folder or a file; the one trained on by default.", valueName: "dir"))
  var data: String?

  @Option(help: "Which documents: test, validation, train or all.")
  var split: EvaluateCommand.SplitName?

  @Option(help: "Threads to compute with; as many as in training by default.")
  var threads: Int?

  func validate() throws { try validateThreads(threads) }

  func run() throws {
    try reporting {
      let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads)
      let report = try RunReport(
        model, split: split?.value, datasetPath: data)
      for note in report.notes { StandardStreams.note(note) }
      let path = output ?? run_ + "/report.html"
      try writeAtomically(report.html(), to: path)
      try StandardStreams.write("\(path)\n")
    }
  }
}
