import ArgumentParser
import Torch
import Training

struct ExportModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a finished run's encoder in a form that other programs run.",
    discussion: """
      onnx is for ONNX Runtime and its like, operator set 17. Inputs, any number of texts at once: \
      "features" (int64, filled up with -1) and "weights" of bags, [texts, features]; "input_ids", \
      "attention_mask" and "token_type_ids" of a transformer, [texts, tokens]. Outputs: "embedding" \
      and "scores", a column a label of the run's labels.json.

      What makes features and tokens of texts stays with decant (embed --inputs writes them), and so \
      do calibration and the wide part: a run with --wide is exported without "scores".

      Example:
        decant export runs/tags --format onnx --output encoder.onnx
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case onnx }

  @Argument(
    help: ArgumentHelp("The run's folder, or that of a sentence encoder.", valueName: "run"))
  var run_: String

  @Option(help: "What to write: onnx.")
  var format: Format = .onnx

  @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
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
            : "; it has no scores: the wide part of \(run_) cannot be exported"))
    }
  }
}
