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
    discussion: HelpLevel.discussion(
      "embed",
      full: """
        Texts are arguments, or come from files or standard input as in decant predict, lines or \
        records. The output is a NumPy array (.npy) with a row for each text, a safetensors file with \
        the tensor "embeddings", or rows (.jsonl, .csv, .tsv) with id, text and embedding. \
        Examples/python/predict.py ranks labels for such rows.

        --of documents and --of labels also write the names of the rows, as a JSON list next to the \
        file: documents.npy gets documents.ids.json. So do records with ids; with --skip-bad the list has \
        the line numbers of others.

        --precision int8 also writes the scale of each row: the tensor "embeddings.scales", or \
        documents.scales.npy. A row times its scale is the embedding. Cosines need no scales.

        Instead of a run, a sentence encoder's folder (sentence-transformers; BERT, or any encoder \
        with model.onnx and tokenizer.json) embeds texts with its published weights.

        --inputs writes the inputs of an encoder from decant export instead of embeddings: features \
        and weights of bags, padded with -1 and 0, and the tokens of a transformer.

        Examples:
          decant embed runs/tags --output one.npy "a text editor for programmers"
          cut -f2 descriptions.tsv | decant embed runs/tags --output many.npy
          decant embed runs/tags --of documents --output documents.npy
          decant embed runs/tags --of labels --output labels.safetensors
          decant embed all-MiniLM-L6-v2 --output sentences.npy --file sentences.txt
        """))

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case documents, labels
  }

  enum Precision: String, ExpressibleByArgument, CaseIterable {
    case float32, float16, int8, binary

    var ofEmbeddings: EmbeddingPrecision {
      switch self {
      case .float32: .float32
      case .float16: .float16
      case .int8: .int8
      case .binary: .binary
      }
    }
  }

  @Argument(
    help: ArgumentHelp("Folder of the run, or of a sentence encoder.", valueName: "run"))
  var run_: String

  @Argument(help: ArgumentHelp("Texts to embed.", valueName: "text"))
  var texts: [String] = []

  @OptionGroup(title: HelpLevel.title("Texts")) var input: TextInputOptions

  @Option(help: "Embed the documents of a data set or the run's labels, instead of texts.")
  var of: Kind?

  @Option(
    help: ArgumentHelp(
      "Data set of the documents: a folder or a file (default: the one of the training).",
      valueName: "dir"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "File to write: .npy or .safetensors, or .jsonl, .csv or .tsv.", valueName: "file"))
  var output: String

  @Option(
    help: """
      Precision of the embeddings: float32, float16, int8 (with a scale for each row), or binary (a \
      bit for each number above 0) (default: float32).
      """)
  var precision: Precision?

  @Flag(
    help: ArgumentHelp(
      "Write the inputs of the exported encoder instead of embeddings; needs .safetensors.",
      visibility: .rare))
  var inputs = false

  @OptionGroup var dimensions: DimensionsOption

  @OptionGroup var threads: ThreadsOption

  func validate() throws {
    guard [texts.isEmpty, input.file.isEmpty, of == nil].count(where: { !$0 }) < 2 else {
      throw ValidationError("Give texts as arguments, or --file, or --of: only one of them.")
    }
    guard of == nil || !input.skipBad else {
      throw ValidationError("--skip-bad applies to texts of --file or of standard input.")
    }
    try input.check(texts: texts)
    guard data == nil || of == .documents else {
      throw ValidationError("--data needs --of documents.")
    }
    guard isArray || RowsFormat(path: output) != nil else {
      throw ValidationError(
        "--output is \(output); it must end in .npy, .safetensors, .jsonl, .csv or .tsv.")
    }
    guard !isArray || input.keep == nil else {
      throw ValidationError("--keep needs an --output with rows: .jsonl, .csv or .tsv.")
    }
    guard isArray || precision == nil else {
      throw ValidationError("--precision needs an --output that ends in .npy or .safetensors.")
    }
    guard !inputs || (precision == nil && dimensions.count == nil) else {
      throw ValidationError("--precision and --dimensions apply to embeddings, not to --inputs.")
    }
    guard !inputs || (of == nil && output.hasSuffix(".safetensors")) else {
      throw ValidationError(
        "--inputs applies to texts and needs an --output that ends in .safetensors.")
    }
  }

  /// Whether the output is an array of numbers; otherwise it has rows.
  private var isArray: Bool { output.hasSuffix(".npy") || output.hasSuffix(".safetensors") }

  func run() throws {
    try reporting {
      let folder = RunFolder(path: run_)
      if SentenceEncoder.isMeant(by: folder) {
        try embedSentences(SentenceEncoder(folder: run_, threads: threads.count))
      } else {
        try embed(
          dimensions.applied(to: TrainedModel(folder: folder, threads: threads.count)))
      }
    }
  }

  private func embedSentences(_ encoder: SentenceEncoder) throws {
    guard of == nil else {
      throw ValidationError("--of needs a run; \(run_) is a sentence encoder.")
    }
    guard dimensions.count == nil else {
      throw ValidationError("--dimensions needs a run; \(run_) is a sentence encoder.")
    }
    let records = try allRecords()
    let texts = records.map(\.text)
    try inputs
      ? write(encoder.encoderInputs(of: texts), of: records)
      : write(encoder.embeddings(of: texts), of: records, areNamed: hasNames(records))
  }

  private func embed(_ model: TrainedModel) throws {
    switch of {
    case nil:
      let records = try allRecords(as: model.configuration.data)
      let texts = records.map(\.text)
      guard !inputs else { return try write(model.encoderInputs(of: texts), of: records) }
      let notes = TextNotes()
      try write(
        model.embeddings(of: texts) { part in
          for row in part.isKnown.indices {
            notes.say(isKnown: part.isKnown[row], isCut: part.isCut[row], by: model)
          }
        }, of: records, areNamed: hasNames(records))
    case .labels:
      let labels = model.labelIDs.enumerated().map { index, id in
        TextRecord(id: id, text: model.labelText(at: index) ?? "")
      }
      try write(model.labelEmbeddings, of: labels, areNamed: true)
    case .documents:
      let path = try model.datasetPath(data)
      let dataset = try model.configuration.readDataset(at: data)
      let documents = dataset.documents.ids.enumerated().map { index, id in
        TextRecord(id: id, text: isArray ? "" : dataset.documents.texts?[index] ?? "")
      }
      try write(
        model.embeddings(ofDocumentsOf: dataset, at: path), of: documents, areNamed: true)
    }
  }

  /// Writes embeddings: an array, next to it the names of its rows if they have any, or rows.
  private func write(_ embeddings: Tensor, of records: [TextRecord], areNamed: Bool) throws {
    if let format = RowsFormat(path: output) {
      try writeRows(embeddings, of: records, format)
    } else {
      try writeArray(embeddings)
      if areNamed { try write(names: records.map(\.id)) }
    }
    StandardStreams.note(
      "\(output): \(counted(embeddings.size(along: 0), "row")) of "
        + counted(embeddings.size(along: 1), "number"))
  }

  private func writeRows(_ embeddings: Tensor, of records: [TextRecord], _ format: RowsFormat)
    throws
  {
    let numbers = embeddings.converted(to: .float32).array(of: Float.self)
    let width = embeddings.size(along: 1)
    let kept = TextRecord.names(ofKept: input.columns, avoiding: ["id", "text", "embedding"])
    let rows = records.indices.lazy.map { index in
      var fields = [OutputRow.Field("id", .string(records[index].id))]
      fields += zip(kept, records[index].kept).map { OutputRow.Field($0, $1.value) }
      fields.append(.init("text", .string(records[index].text)))
      let own = numbers[index * width..<(index + 1) * width]
      fields.append(
        .init("embedding", .array(own.map { .init($0.isFinite ? .number("\($0)") : .null) })))
      return OutputRow(fields)
    }
    try RowsWriter(format, columns: ["id"] + kept + ["text", "embedding"]).write(rows, to: output)
  }

  private func writeArray(_ embeddings: Tensor) throws {
    let (values, scales) = try (precision?.ofEmbeddings ?? .float32).rounded(embeddings)
    if output.hasSuffix(".npy") {
      // Codes without their scales would be read as embeddings.
      if let scales { try NumpyFile.write(scales, to: neighbour("scales.npy")) }
      try NumpyFile.write(values, to: output)
    } else {
      var tensors = ["embeddings": values]
      tensors["embeddings.scales"] = scales
      try Safetensors.write(tensors, metadata: ["format": "decant"], to: output)
    }
  }

  private func write(_ tensors: [String: Tensor], of records: [TextRecord]) throws {
    try Safetensors.write(tensors, metadata: ["format": "decant"], to: output)
    if hasNames(records) { try write(names: records.map(\.id)) }
    let names = tensors.keys.sorted().map { "\($0) \(tensors[$0]?.shape ?? [])" }
    StandardStreams.note("\(output): \(names.joined(separator: ", "))")
  }

  private func allRecords(as usual: DataReading? = nil) throws -> [TextRecord] {
    let source = try input.open(texts: texts, as: usual)
    var all: [TextRecord] = []
    try input.forEach(of: source, others: { _ in "nothing was written" }) { all += $0 }
    return all
  }

  /// Whether the rows of an array need names: those of the input, or the numbers of some of its lines.
  private func hasNames(_ records: [TextRecord]) -> Bool {
    input.skipBad || records.contains(where: \.isNamed)
  }

  private func write(names: [String]) throws {
    var writer = JSONTextWriter()
    writer.appendValue(.strings(names))
    let path = neighbour("ids.json")
    try writeAtomically(writer.text + "\n", to: path)
    StandardStreams.note("\(path): \(counted(names.count, "name"))")
  }

  /// The path of a file next to the output, such as `documents.ids.json` of `documents.npy`.
  private func neighbour(_ ending: String) -> String {
    (output as NSString).deletingPathExtension + "." + ending
  }
}
