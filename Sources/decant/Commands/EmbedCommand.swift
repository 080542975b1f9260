import ArgumentParser
import Datasets
import Foundation
import Models
import Storage
import Torch

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Write the embeddings of texts, documents or labels to a file.",
    discussion: """
      Texts are arguments, lines of a file, or lines of standard input. The output is a NumPy array \
      (.npy) with a row for each text, or a safetensors file with the tensor "embeddings". \
      Examples/python/predict.py ranks labels for such rows.

      --of documents and --of labels also write the names of the rows, as a JSON list next to the \
      file: documents.npy gets documents.ids.json. With --skip-bad the list has the line numbers.

      Instead of a run, a sentence encoder's folder (sentence-transformers, BERT) embeds texts with \
      its published weights.

      --inputs writes the inputs of an encoder from decant export instead of embeddings: features \
      and weights of bags, padded with -1 and 0, and the tokens of a transformer.

      Examples:
        decant embed runs/tags --output one.npy "a text editor for programmers"
        cut -f2 descriptions.tsv | decant embed runs/tags --output many.npy
        decant embed runs/tags --of documents --output documents.npy
        decant embed runs/tags --of labels --output labels.safetensors
        decant embed all-MiniLM-L6-v2 --output sentences.npy --file sentences.txt
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case documents, labels
  }

  @Argument(
    help: ArgumentHelp("Folder of the run, or of a sentence encoder.", valueName: "run"))
  var run_: String

  @Argument(help: ArgumentHelp("Texts to embed.", valueName: "text"))
  var texts: [String] = []

  @Option(help: ArgumentHelp("File of texts, one per line.", valueName: "file"))
  var file: String?

  @Flag(
    help: """
      Skip lines that are not UTF-8, and write the numbers of the others next to the file. Without \
      it such a line is an error, and nothing is written.
      """)
  var skipBad = false

  @Option(help: "Embed the documents of a data set or the run's labels, instead of texts.")
  var of: Kind?

  @Option(
    help: ArgumentHelp(
      "Data set of the documents: a folder or a file (default: the one of the training).",
      valueName: "dir"))
  var data: String?

  @Option(
    help: ArgumentHelp("File to write, .npy or .safetensors.", valueName: "file"))
  var output: String

  @Flag(help: "Write the inputs of the exported encoder instead of embeddings; needs .safetensors.")
  var inputs = false

  @OptionGroup var threads: ThreadsOption

  func validate() throws {
    guard [texts.isEmpty, file == nil, of == nil].count(where: { !$0 }) < 2 else {
      throw ValidationError("Give texts as arguments, or --file, or --of: only one of them.")
    }
    guard !skipBad || (texts.isEmpty && of == nil) else {
      throw ValidationError("--skip-bad applies to lines of --file or of standard input.")
    }
    guard data == nil || of == .documents else {
      throw ValidationError("--data needs --of documents.")
    }
    guard output.hasSuffix(".npy") || output.hasSuffix(".safetensors") else {
      throw ValidationError("--output is \(output); it must end in .npy or .safetensors.")
    }
    guard !inputs || (of == nil && output.hasSuffix(".safetensors")) else {
      throw ValidationError(
        "--inputs applies to texts and needs an --output that ends in .safetensors.")
    }
  }

  func run() throws {
    try reporting {
      let folder = RunFolder(path: run_)
      if SentenceEncoder.isMeant(by: folder) {
        try embedSentences(SentenceEncoder(folder: run_, threads: threads.count))
      } else {
        try embed(TrainedModel(folder: folder, threads: threads.count))
      }
    }
  }

  private func embedSentences(_ encoder: SentenceEncoder) throws {
    guard of == nil else {
      throw ValidationError("--of needs a run; \(run_) is a sentence encoder.")
    }
    let texts = try allTexts()
    try inputs ? write(encoder.encoderInputs(of: texts)) : write(encoder.embeddings(of: texts))
  }

  private func embed(_ model: TrainedModel) throws {
    switch of {
    case nil:
      let texts = try allTexts()
      guard !inputs else { return try write(model.encoderInputs(of: texts)) }
      let notes = TextNotes()
      try write(
        model.embeddings(of: texts) { part in
          for row in part.isKnown.indices {
            notes.say(isKnown: part.isKnown[row], isCut: part.isCut[row], by: model)
          }
        })
    case .labels:
      try write(model.labelEmbeddings)
      try write(names: model.labelIDs)
    case .documents:
      let path = data ?? model.configuration.dataset
      let dataset = try Dataset.read(path, badLines: model.configuration.badLines)
      try write(model.embeddings(ofDocumentsOf: dataset, at: path))
      try write(names: Array(dataset.documents.ids))
    }
  }

  private func write(_ embeddings: Tensor) throws {
    if output.hasSuffix(".npy") {
      try NumpyFile.write(embeddings, to: output)
    } else {
      try Safetensors.write(
        ["embeddings": embeddings], metadata: ["format": "decant"], to: output)
    }
    StandardStreams.note(
      "\(output): \(counted(embeddings.size(along: 0), "row")) of "
        + counted(embeddings.size(along: 1), "number"))
  }

  private func write(_ tensors: [String: Tensor]) throws {
    try Safetensors.write(tensors, metadata: ["format": "decant"], to: output)
    let names = tensors.keys.sorted().map { "\($0) \(tensors[$0]?.shape ?? [])" }
    StandardStreams.note("\(output): \(names.joined(separator: ", "))")
  }

  private func allTexts() throws -> [String] {
    guard texts.isEmpty else { return texts.map(\.normalizedToNFC) }
    let lines = try TextLines(path: file)
    var all: [String] = []
    var numbers: [String] = []
    var faults = BadLines()
    while let some = try lines.next() {
      for (line, number) in zip(some, (lines.count - some.count + 1)...) {
        switch line {
        case .bad(let error): faults.add(error)
        case .text(let text):
          all.append(text)
          numbers.append("\(number)")
        }
      }
    }
    try faults.finish(of: lines, skips: skipBad, others: { _ in "nothing was written" })
    if skipBad { try write(names: numbers) }
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
