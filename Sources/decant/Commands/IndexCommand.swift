import ArgumentParser
import Datasets
import Foundation
import Models
import Retrieval
import Storage
import Torch
import Training

struct IndexCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "index",
    abstract: "Write a search index of a run's labels or documents.",
    discussion: HelpLevel.discussion(
      "index",
      full: """
        decant search reads the index. Labels are scored as in decant predict, but without the wide \
        model and the memory of a run that has them; documents are scored by cosine similarity. float16 halves the file \
        and changes scores in the fourth digit; int8 quarters it and changes them in the second or \
        third.

        Approximate search follows a graph of neighbours. It pays from some hundred thousand vectors; \
        --exact leaves the graph out, and fewer vectors are then searched faster.

        --quantized writes 8-bit codes instead of a graph. Search stays exact: codes bound every \
        score, and only vectors that may be among the best are compared. It is several times as fast \
        as --exact, adds a quarter of float32 vectors to the file, and needs no time to build.

        In --add the first “=” separates the label from its text; write \\= for one that is part of \
        the label.

        Examples:
          decant index runs/tags --output tags.index
          decant index runs/tags --of documents --scalar float16 --output packages.index
          decant index runs/nested --dimensions 32 --output small.index
          decant index runs/tags --update tags.index --add "use::learning=for learning" --remove old
        """))

  enum Scalar: String, ExpressibleByArgument, CaseIterable {
    case float32, float16, int8

    var ofVectors: VectorScalar {
      switch self {
      case .float32: .float32
      case .float16: .float16
      case .int8: .int8
      }
    }
  }

  enum Content: String, ExpressibleByArgument, CaseIterable { case labels, documents }

  @Argument(help: ArgumentHelp("Folder of the run.", valueName: "run"))
  var run_: String

  @Option(help: "Index labels (default) or documents.")
  var of: Content?

  @Option(
    help: ArgumentHelp(
      "Data set with the documents (default: the one of the training).", valueName: "dir"))
  var data: String?

  @Option(help: "Number type: float32 (default), float16 or int8.")
  var scalar: Scalar?

  @Flag(help: "Write only the vectors, for exact search.")
  var exact = false

  @Flag(help: "Write 8-bit codes instead of a graph, for exact search with a quantized first pass.")
  var quantized = false

  @Flag(help: "Leave out the texts, which decant search shows.")
  var noTexts = false

  @Option(help: "Neighbours of a vector in the graph (default: 16).")
  var connectivity: Int?

  @Option(help: "Candidates that a new vector is compared with (default: 128).")
  var breadth: Int?

  @OptionGroup var dimensions: DimensionsOption

  @OptionGroup var threads: ThreadsOption

  @OptionGroup var processes: ProcessOptions

  @Option(help: ArgumentHelp("File to write.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Index of labels to change in place.", valueName: "file"))
  var update: String?

  @Option(
    help: ArgumentHelp(
      "With --update: label to add or replace, with its text.", valueName: "id=text"))
  var add: [String] = []

  @Option(help: ArgumentHelp("With --update: label to remove.", valueName: "id"))
  var remove: [String] = []

  func validate() throws {
    guard (output == nil) != (update == nil) else {
      throw ValidationError("Give --output for a new index, or --update to change one.")
    }
    guard update != nil || (add.isEmpty && remove.isEmpty) else {
      throw ValidationError("--add and --remove change an index: name it with --update.")
    }
    try require([("connectivity", connectivity, 2), ("breadth", breadth, 1)])
    guard !exact || (connectivity == nil && breadth == nil) else {
      throw ValidationError(
        "--connectivity and --breadth apply to the graph, which --exact leaves out.")
    }
    guard !quantized || (connectivity == nil && breadth == nil) else {
      throw ValidationError(
        "--connectivity and --breadth apply to the graph, which --quantized leaves out.")
    }
    guard !(quantized && exact) else {
      throw ValidationError("Give --quantized or --exact: both search exactly, and have no graph.")
    }
    guard
      update == nil
        || (of == nil && scalar == nil && !exact && !quantized && connectivity == nil
          && dimensions.count == nil)
    else {
      throw ValidationError(
        "--update keeps the kind of an index: leave out --of, --scalar, --exact, --quantized, "
          + "--connectivity and --dimensions.")
    }
    guard update == nil || !(add.isEmpty && remove.isEmpty) else {
      throw ValidationError("--update needs a label to --add or to --remove.")
    }
    guard data == nil || of == .documents else {
      throw ValidationError("--data needs --of documents.")
    }
    guard processes.processes ?? 1 == 1 || of == .documents else {
      throw ValidationError(
        "--processes divides the embedding of documents: give --of documents too, or leave it out; a "
          + "run stores the embeddings of its labels.")
    }
    for label in add where Self.parts(of: label) == nil {
      throw ValidationError(
        "--add \"\(label.onOneLine)\" has no “=” between the label and its text.")
    }
  }

  /// The number of vectors from which a graph is faster than comparing with all.
  private static let worthAGraph = 10_000

  private var graph: ApproximateIndex.Configuration {
    .init(connectivity: connectivity ?? 16, breadth: breadth ?? 128, threads: threads.count)
  }

  func run() throws {
    try reporting {
      try processes.run(quiet: false) {
        try requireFiles([data], for: "--processes")
      } _: {
        try index(as: $0)
      }
    }
  }

  /// Writes the index in this process, alone or as the first of several.
  private func index(as rank: TrainingRank?) throws {
    let isFirst = rank?.isFirst ?? true
    let content = of ?? .labels
    // Only the embedding of documents is divided.
    guard isFirst || content == .documents else { return }
    let store: VectorStore
    if let update {
      return try change(
        update, TrainedModel(folder: RunFolder(path: run_), threads: threads.count))
    } else if content == .labels {
      store = try labels(model(as: rank))
    } else {
      guard let made = try documents(as: rank) else { return }
      store = made
    }
    guard let output else { return }
    if exact {
      try store.write(to: output)
    } else if quantized {
      try ExactSearch.quantized(store, threads: threads.count).write(to: output)
    } else {
      try ApproximateIndex(store, configuration: graph).write(to: output)
    }
    StandardStreams.note(
      "\(output): \(counted(store.count, String(content.rawValue.dropLast()))) of "
        + "\(counted(store.dimension, "number")), \((scalar ?? .float32).rawValue)"
        + (store.hasTexts ? ", with texts" : "") + (quantized ? ", with codes" : ""))
    if !exact, !quantized, store.count < Self.worthAGraph {
      StandardStreams.note(
        "so few vectors are searched faster without a graph; --exact leaves it out")
    }
  }

  private func model(as rank: TrainingRank?) throws -> TrainedModel {
    try dimensions.applied(
      to: TrainedModel(
        folder: RunFolder(path: run_), threads: processes.threads(threads.count, as: rank)),
      quiet: !(rank?.isFirst ?? true))
  }

  private func note(of content: Content) -> [String: String] {
    var note = ["of": content.rawValue, "run": run_]
    note[VectorStore.dimensionsNote] = dimensions.count.map(String.init)
    return note
  }

  private func labels(_ model: TrainedModel) throws -> VectorStore {
    var store = VectorStore(
      dimension: model.dimension, scalar: (scalar ?? .float32).ofVectors,
      scoreScale: 1 / model.temperature,
      note: note(of: .labels))
    try store.add(
      model.labelEmbeddings, ids: model.labelIDs,
      texts: noTexts ? nil : model.labelIDs.indices.map { model.labelText(at: $0) ?? "" },
      biases: model.labelBiases.map { $0 * model.temperature })
    return store
  }

  /// The store of all documents; nil on other ranks than the first.
  private func documents(as rank: TrainingRank?) throws -> VectorStore? {
    let (model, path, dataset) = try processes.prepared(rank) { try documentsRead(as: rank) }
    guard let texts = dataset.documents.texts else { return nil }
    var store = VectorStore(
      dimension: model.dimension, scalar: (scalar ?? .float32).ofVectors, metric: .cosine,
      note: note(of: .documents).merging(["data": path]) { $1 })
    let blocks = stride(from: 0, to: texts.count, by: 4096).map { start in
      start..<min(start + 4096, texts.count)
    }
    let group = try rank?.group()
    for round in stride(from: 0, to: blocks.count, by: group?.size ?? 1) {
      let members = blocks[round..<min(round + (group?.size ?? 1), blocks.count)]
      let embeddings = try model.embeddings(
        of: members.map { rows in rows.lazy.map { texts[$0] } }, among: group)
      guard rank?.isFirst ?? true else { continue }
      let rows = (members.first?.lowerBound ?? 0)..<(members.last?.upperBound ?? 0)
      try store.add(
        embeddings, ids: rows.map { dataset.documents.ids[$0] },
        texts: noTexts ? nil : rows.map { texts[$0] })
    }
    return rank?.isFirst ?? true ? store : nil
  }

  /// The model and the data set of the documents, which has texts.
  private func documentsRead(as rank: TrainingRank?) throws -> (TrainedModel, String, Dataset) {
    let model = try model(as: rank)
    let path = try model.datasetPath(data)
    let dataset = try model.configuration.readDataset(at: data)
    guard dataset.documents.texts != nil else {
      throw InputError(
        file: path, reason: "the documents are features", expected: "documents of texts")
    }
    return (model, path, dataset)
  }

  /// The label and the text of `id=text`; nil without a separator.
  private static func parts(of argument: String) -> (id: String, text: String)? {
    var id = ""
    var rest = Substring(argument).unicodeScalars
    while let scalar = rest.popFirst() {
      if scalar == "=" { return (id, String(rest)) }
      if scalar == "\\", rest.first == "=" {
        rest.removeFirst()
        id.unicodeScalars.append("=")
      } else {
        id.unicodeScalars.append(scalar)
      }
    }
    return nil
  }

  private func change(_ path: String, _ whole: TrainedModel) throws {
    let store = try VectorStore(path: path)
    guard store.note["of"] == Content.labels.rawValue else {
      throw InputError(
        file: path, reason: "the index does not contain labels",
        expected: "an index that decant index RUN has written")
    }
    let model = try store.cut(whole)
    let new = try add.compactMap(Self.parts).map { id, text in
      TrainedModel.NewLabel(try Name(id, of: "label", from: "--add"), text: text)
    }
    let ids = new.map(\.id)
    let texts = noTexts ? nil : new.map(\.text)
    _ = try NameIndex(ids, of: "label", from: "--add")
    let added = new.isEmpty ? nil : try model.vectors(of: new)
    let biases = added?.biases.map { $0 * model.temperature }
    let remove = self.remove.map(\.normalizedToNFC)
    let hasGraph: Bool
    do {
      let index = try ApproximateIndex(path: path, configuration: graph)
      try attributingErrors(to: path) {
        if !remove.isEmpty { try index.remove(ids: remove) }
        if let added { try index.update(added.embeddings, ids: ids, texts: texts, biases: biases) }
      }
      try index.write(to: path)
      hasGraph = true
    } catch let error as InputError where error.reason == ApproximateIndex.hasNoGraph {
      var store = store
      try attributingErrors(to: path) {
        if !remove.isEmpty { try store.remove(ids: remove) }
        if let added { try store.update(added.embeddings, ids: ids, texts: texts, biases: biases) }
      }
      if try ExactSearch(path: path, verifying: false).codeBytes == nil {
        try store.compacted().write(to: path)
      } else {
        try ExactSearch.quantized(store.compacted(), threads: threads.count).write(to: path)
      }
      hasGraph = false
    }
    StandardStreams.note(
      "\(path): \(counted(ids.count, "label")) added or replaced, \(remove.count) removed"
        + (hasGraph ? "" : ", no graph"))
  }
}

extension VectorStore {
  /// The key of the number of dimensions that the run was cut to.
  static let dimensionsNote = "dimensions"

  /// The model cut to the dimensions that the index was made with.
  func cut(_ model: TrainedModel) throws -> TrainedModel {
    try note[Self.dimensionsNote].flatMap { Int($0) }.map(model.truncated(to:)) ?? model
  }
}
