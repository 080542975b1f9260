import ArgumentParser
import Datasets
import Foundation
import Torch
import Training

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Writes the embeddings of texts, documents or labels as a file.",
    discussion: """
      Texts are arguments, or lines of a file, or lines of standard input. The file is a NumPy array \
      (.npy) of a row a text, or the tensor "embeddings" of a safetensors file; \
      Examples/python/predict.py ranks labels for such rows.

      With --of documents or --of labels the names of the rows are written as well, as a list in \
      JSON beside the file: documents.npy has documents.ids.json.

      --inputs writes, instead of embeddings, what the encoder of decant export takes: features and \
      weights of bags, filled up with -1 and 0, and the tokens of a transformer.

      Examples:
        decant embed runs/tags --output one.npy "a text editor for programmers"
        cut -f2 descriptions.tsv | decant embed runs/tags --output many.npy
        decant embed runs/tags --of documents --output documents.npy
        decant embed runs/tags --of labels --output labels.safetensors
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case documents, labels
  }

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var run_: String

  @Argument(help: ArgumentHelp("Texts to embed.", valueName: "text"))
  var texts: [String] = []

  @Option(help: ArgumentHelp("A file of texts, one a line.", valueName: "file"))
  var file: String?

  @Option(help: "What to embed instead of texts: documents of a data set, or the run's labels.")
  var of: Kind?

  @Option(
    help: ArgumentHelp(
      "The data set of the documents, a folder or a file; the one trained on by default.",
      valueName: "dir"))
  var data: String?

  @Option(
    help: ArgumentHelp("The file to write, .npy or .safetensors.", valueName: "file"))
  var output: String

  @Flag(help: "Write what the exported encoder takes instead of embeddings; to .safetensors.")
  var inputs = false

  @Option(help: "Threads to compute with; as many as in training by default.")
  var threads: Int?

  func validate() throws {
    guard [texts.isEmpty, file == nil, of == nil].count(where: { !$0 }) < 2 else {
      throw ValidationError("Give texts as arguments, or --file, or --of, not several of them.")
    }
    guard data == nil || of == .documents else {
      throw ValidationError("--data is for --of documents.")
    }
    guard output.hasSuffix(".npy") || output.hasSuffix(".safetensors") else {
      throw ValidationError("--output is \(output); it must end in .npy or .safetensors.")
    }
    guard !inputs || (of == nil && output.hasSuffix(".safetensors")) else {
      throw ValidationError(
        "--inputs is for texts and needs an --output that ends in .safetensors.")
    }
    try validateThreads(threads)
  }

  func run() throws {
    try reporting {
      let model = try TrainedModel(folder: RunFolder(path: run_), threads: threads)
      if inputs {
        let tensors = try model.encoderInputs(of: try allTexts())
        try Safetensors.write(tensors, metadata: ["format": "decant"], to: output)
        return
      }
      let embeddings: Tensor
      switch of {
      case nil: embeddings = try model.embeddings(of: try allTexts()) { _ in }
      case .labels:
        embeddings = model.labelEmbeddings
        try write(names: model.labelIDs)
      case .documents:
        let path = data ?? model.configuration.dataset
        let dataset = try Dataset.read(path, badLines: model.configuration.badLines)
        embeddings = try model.embeddings(ofDocumentsOf: dataset, at: path)
        try write(names: Array(dataset.documents.ids))
      }
      if output.hasSuffix(".npy") {
        try NumpyFile.write(embeddings, to: output)
      } else {
        try Safetensors.write(
          ["embeddings": embeddings], metadata: ["format": "decant"], to: output)
      }
    }
  }

  private func allTexts() throws -> [String] {
    guard texts.isEmpty else { return texts }
    let lines = try TextLines(path: file)
    var all: [String] = []
    while let some = try lines.next() { all += some }
    return all
  }

  private func write(names: [String]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    try writeAtomically(
      String(decoding: try encoder.encode(names), as: UTF8.self) + "\n",
      to: (output as NSString).deletingPathExtension + ".ids.json")
  }
}
