import ArgumentParser
import Models
import Storage
import Torch

struct ExportModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Export a finished run's encoder for other programs.",
    discussion: """
      onnx is a model for ONNX Runtime and similar programs, operator set 17. Inputs, for any number \
      of texts: "features" (int64, padded with -1) and "weights" of bags, [texts, features]; \
      "input_ids", "attention_mask" and "token_type_ids" of a transformer, [texts, tokens]. Outputs: \
      "embedding" and "scores", with a column for each label in the run's labels.json.

      The export does not turn texts into features and tokens (decant embed --inputs does), and has \
      neither calibration nor wide model: a run with --wide is exported without "scores".

      Example:
        decant export runs/tags --format onnx --output encoder.onnx
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case onnx }

  @Argument(
    help: ArgumentHelp("Folder of the run, or of a sentence encoder.", valueName: "run"))
  var run_: String

  @Option(help: "Format: onnx.")
  var format: Format = .onnx

  @Option(help: ArgumentHelp("File to write.", valueName: "file"))
  var output: String

  func run() throws {
    try reporting {
      let folder = RunFolder(path: run_)
      if SentenceEncoder.isMeant(by: folder) {
        let encoder = try SentenceEncoder(folder: run_)
        try encoder.writeONNX(to: output, version: Decant.version)
        StandardStreams.note("\(output): embeddings of \(counted(encoder.dimension, "number"))")
        return
      }
      let model = try TrainedModel(folder: folder)
      let hasScores = try model.writeONNX(to: output, version: Decant.version)
      StandardStreams.note(
        "\(output): embeddings of \(counted(model.dimension, "number"))"
          + (hasScores
            ? ", scores of \(counted(model.labelIDs.count, "label"))"
            : "; no scores: the wide model of \(run_) cannot be exported"))
    }
  }
}
