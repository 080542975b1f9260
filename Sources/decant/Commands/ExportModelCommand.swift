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

      sentence-transformers is a folder that SentenceTransformer loads in Python, with the same \
      embeddings. A bag of features brings its own module, which needs trust_remote_code=True. A run \
      of --encoder both or with an ONNX encoder cannot be one.

      safetensors is a folder of the model's tensors with their names, its settings and its labels.

      Both folders have a model card, README.md, with the data, sizes, settings and measures of the \
      run's record.

      onnx and safetensors do not turn texts into features (decant embed --inputs does). No format has \
      the calibration or the memory. onnx has no wide model either: a run with --wide or --memory is exported \
      without "scores".

      Examples:
        decant export runs/tags --output encoder.onnx
        decant export runs/deep --format sentence-transformers --output deep
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case onnx
    case sentenceTransformers = "sentence-transformers"
    case safetensors
  }

  @Argument(
    help: ArgumentHelp("Folder of the run, or of a sentence encoder (onnx only).", valueName: "run")
  )
  var run_: String

  @Option(help: "Format: onnx, sentence-transformers, safetensors.")
  var format: Format = .onnx

  @Option(
    help: ArgumentHelp("File to write for onnx, otherwise a new folder.", valueName: "path"))
  var output: String

  func run() throws {
    try reporting {
      let folder = RunFolder(path: run_)
      if SentenceEncoder.isMeant(by: folder) {
        guard format == .onnx else {
          throw ValidationError(
            "--format \(format.rawValue) needs a run; \(run_) is a sentence encoder.")
        }
        let encoder = try SentenceEncoder(folder: run_)
        try encoder.writeONNX(to: output, version: Decant.version)
        StandardStreams.note("\(output): embeddings of \(counted(encoder.dimension, "number"))")
        return
      }
      let model = try TrainedModel(folder: folder)
      switch format {
      case .onnx: try writeONNX(model)
      case .sentenceTransformers: try model.writeSentenceTransformers(to: output)
      case .safetensors: try model.writeSafetensors(to: output)
      }
      if format != .onnx {
        StandardStreams.note(
          "\(output): embeddings of \(counted(model.dimension, "number")), vectors of "
            + "\(counted(model.labelIDs.count, "label")), a model card in README.md")
      }
    }
  }

  private func writeONNX(_ model: TrainedModel) throws {
    let hasScores = try model.writeONNX(to: output, version: Decant.version)
    StandardStreams.note(
      "\(output): embeddings of \(counted(model.dimension, "number"))"
        + (hasScores
          ? ", scores of \(counted(model.labelIDs.count, "label"))"
          : "; no scores: the wide model or the memory of \(run_) cannot be exported"))
  }
}
