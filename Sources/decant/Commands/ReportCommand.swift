import ArgumentParser
import Foundation
import Models
import Reports
import Storage

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a page about a run: its training, its quality and its errors.",
    discussion: HelpLevel.discussion(
      "report",
      full: """
        Writes one HTML file with training curves, metrics by label frequency, calibration, confused \
        labels, documents with correct and wrong rankings, and a map of documents and labels. It needs \
        no network and no scripts. It contains names and texts of the data set, so be careful with whom you share it.

        Without --split it evaluates the test documents, or the validation documents if there is no \
        test part. Of a single file that the run was not trained on, it evaluates all documents.

        Examples:
          decant report runs/tags
          decant report runs/patient --split validation --output patient.html
        """))

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "run"))
  var run_: String

  @Option(
    help: ArgumentHelp("File to write (default: report.html in the run).", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Data set: a folder or a file (default: the one of the training).", valueName: "dir"))
  var data: String?

  @Option(help: "Documents to evaluate: test, validation, train or all.")
  var split: EvaluateCommand.SplitName?

  @OptionGroup var threads: ThreadsOption

  func run() throws {
    try reporting {
      let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads.count)
      let report = try RunReport(
        model, split: split?.value, datasetPath: data)
      for note in report.notes { StandardStreams.note(note) }
      let path = output ?? run_ + "/report.html"
      try writeAtomically(report.html(), to: path)
      try StandardStreams.write("\(path)\n")
    }
  }
}
