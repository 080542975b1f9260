package import Datasets
import Extreme
import Foundation
package import Storage
package import Torch

/// The transformer of a run: a copy of its checkpoint in the run's folder, and the vectors of
/// texts.
///
/// Vectors of a frozen transformer are cached next to the data set, under names that identify the
/// data, the checkpoint and the truncation, so that later runs and evaluation reuse them.
package final class TransformerStore: Sendable {
  /// The transformer settings.
  let settings: TransformerSettings
  /// The transformer.
  package let encoder: PretrainedEncoder
  private let tokenizer: any TextTokenizer
  private let folder: RunFolder

  /// Opens the initial transformer of a training run; a new run copies the checkpoint first.
  ///
  /// - Parameter generator: the source of dropout masks.
  /// - Throws: `InputError` if the checkpoint is not that of a BERT encoder, `FileError`.
  package convenience init(
    _ settings: TransformerSettings, folder: RunFolder, generator: Generator
  ) throws {
    // Trained weights become part of the model, so the copy is needed only during training.
    let name = settings.isFineTuned ? "initial.safetensors" : "model.safetensors"
    let checkpoint = CheckpointFolder(path: settings.checkpoint)
    if settings.isFineTuned, FileManager.default.fileExists(atPath: checkpoint.path),
      case .graph(let graph) = try checkpoint.kind()
    {
      throw InputError(
        file: "\(checkpoint.path)/\(graph)",
        reason: "an ONNX graph can only be computed, not trained",
        expected: "--freeze instead of --fine-tune, or a BERT encoder with model.safetensors")
    }
    try checkpoint.copy(to: folder.transformer, weights: name)
    guard case .bert = try CheckpointFolder(path: folder.transformer).kind() else {
      try self.init(settings, folder: folder)
      return
    }
    let file = try SafetensorsFile(path: "\(folder.transformer)/\(name)")
    try self.init(
      settings, folder: folder, tensors: file.tensors(), source: file.path, generator: generator)
  }

  /// Opens the transformer of a finished run.
  ///
  /// - Parameter trained: the run's model, which contains the transformer's weights if they were
  ///   trained.
  /// - Throws: `InputError` if a file is damaged, `FileError`.
  convenience init(
    _ settings: TransformerSettings, files: RunFiles, trained: WeightsFile
  ) throws {
    let folder = files.folder
    try files.check(folder: folder.transformer)
    if !settings.isFineTuned,
      case .graph(let graph) = try CheckpointFolder(path: folder.transformer).kind()
    {
      // The graph reads its own files, which must be those of the training.
      for name in [graph] + (try CheckpointFolder(path: folder.transformer).dataFiles(of: graph)) {
        _ = try files.open("\(folder.transformer)/\(name)")
      }
      try self.init(settings, folder: folder)
      return
    }
    let (tensors, source): ([String: Tensor], String)
    if settings.isFineTuned {
      (tensors, source) = (try trained.plainPart("tower.transformer."), trained.path)
    } else {
      let file = try SafetensorsFile(
        file: files.open(CheckpointFolder(path: folder.transformer).weights))
      (tensors, source) = (try file.tensors(), file.path)
    }
    try self.init(
      settings, folder: folder, tensors: tensors, source: source, generator: Generator(seed: 0))
  }

  private init(
    _ settings: TransformerSettings, folder: RunFolder, tensors: [String: Tensor],
    source: String, generator: Generator
  ) throws {
    self.settings = settings
    self.folder = folder
    let parts = try EncoderFolder(folder.transformer)
    tokenizer = parts.tokenizer
    guard var configuration = parts.configuration else {
      throw InputError(
        file: folder.transformer, reason: "the transformer is an ONNX graph",
        expected: "a BERT encoder with model.safetensors")
    }
    if let pooling = settings.pooling { configuration.pooling = pooling }
    if settings.isFineTuned { configuration.dropout = settings.tuning.dropout }
    try Self.check(settings, positionCount: configuration.maximumLength, folder)
    let bert = try TransformerEncoder(
      configuration, tensors: tensors, source: source, generator: generator)
    try bert.parameters.refuseUnlessFinite(in: source)
    bert.isTraining = false
    encoder = .bert(bert)
  }

  /// Opens the ONNX graph in a run's copy of its checkpoint.
  private init(_ settings: TransformerSettings, folder: RunFolder) throws {
    self.settings = settings
    self.folder = folder
    let parts = try EncoderFolder(folder.transformer)
    tokenizer = parts.tokenizer
    guard let graph = parts.graph else {
      throw InputError(
        file: folder.transformer, reason: "the ONNX graph is missing", expected: "model.onnx")
    }
    let opened = try parts.openGraph(graph, pooling: settings.pooling, threads: nil)
    try Self.check(
      settings, positionCount: min(parts.positionCount, opened.fixedLength ?? .max), folder)
    guard tokenizer.addedCount < settings.maximumLength else {
      throw InputError(
        file: folder.transformer,
        reason: "every text has \(tokenizer.addedCount) tokens of the same kind, of "
          + "\(settings.maximumLength)",
        expected: "a --max-length above \(tokenizer.addedCount)")
    }
    encoder = .graph(opened)
  }

  private static func check(
    _ settings: TransformerSettings, positionCount: Int, _ folder: RunFolder
  ) throws {
    guard settings.maximumLength <= positionCount else {
      throw InputError(
        file: folder.transformer,
        reason: "the checkpoint has \(positionCount) positions for texts of "
          + "\(settings.maximumLength) tokens",
        expected: "a --max-length of \(positionCount) or less")
    }
  }

  /// The tower of a finished run.
  ///
  /// - Parameter outputs: the embedding dimension.
  /// - Throws: `InputError` if the weights do not match the settings.
  func tower(of model: WeightsFile, outputs: Int) throws -> TransformerTower {
    let inputs = encoder.width
    let widths = [inputs] + (settings.tower.hiddenDimension.map { [$0] } ?? []) + [outputs]
    // Shapes are compared before allocating, because a damaged configuration could request any
    // size.
    for (index, (from, to)) in zip(widths, widths.dropFirst()).enumerated() {
      let name = "tower.projection.\(index).weight"
      try model.check(name, shape: [to, from])
    }
    let tower = TransformerTower(
      settings.tower, from: inputs, to: outputs, generator: Generator(seed: 0))
    try attributingErrors(to: model.path) {
      try tower.restore(
        model.part("tower.").filter { $0.key.hasPrefix("projection.") })
    }
    return tower
  }

  /// Computes the vectors of texts: `[texts, W]`.
  ///
  /// - Throws: `InputError` naming the file when an ONNX graph cannot be computed.
  package func vectors(of texts: some RandomAccessCollection<String>) throws -> Tensor {
    var parts: [Tensor] = []
    try encode(texts) { parts.append($0) }
    return parts.isEmpty ? .zeros([0, encoder.width]) : .concatenated(parts)
  }

  /// The vectors of some documents of a data set, cached or new.
  package func vectors(ofRows rows: MappedArray<Int32>, in dataset: Dataset, at path: String) throws
    -> TextVectors
  {
    guard let documents = dataset.documents.texts else {
      preconditionFailure("the documents have no texts to encode")
    }
    if !settings.isFineTuned,
      let kept = try cache(for: dataset, at: path).kept("documents", count: documents.count)
    {
      return TextVectors(kept, rows: rows)
    }
    return TextVectors(try vectors(of: rows.lazy.map { documents[Int($0)] }))
  }

  /// The cache for the vectors of a data set's texts.
  package func cache(for dataset: Dataset, at path: String) throws -> VectorCache {
    VectorCache(
      dataset: path, contentHash: dataset.contentHash, run: folder,
      checkpoint: try CheckpointFolder(path: folder.transformer).contentHash(),
      maximumLength: settings.maximumLength, pooling: encoder.poolingName,
      width: encoder.width)
  }

  /// The tokens without content: those of every text, and the unknown token.
  var silentIDs: Set<Int32> { tokenizer.silentIDs }

  /// The padding token.
  var paddingID: Int32 { tokenizer.paddingID }

  /// The token ids of a text in any normal form.
  func tokenIDs(of text: String) -> [Int32] {
    encoder.tokenIDs(of: text, by: tokenizer, maximumLength: settings.maximumLength)
  }

  /// The token ids of a text without the prompt.
  func contentIDs(of text: String) -> [Int32] {
    tokenizer.encode(text.normalizedToNFC, maximumLength: settings.maximumLength)
  }

  /// Token ids, one row per text.
  package func tokens(of texts: some Collection<String>) -> CSRMatrix {
    var offsets: [Int64] = [0]
    var ids: [Int32] = []
    for text in texts {
      ids += tokenIDs(of: text)
      offsets.append(Int64(ids.count))
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(ids), values: nil,
      columnCount: tokenizer.vocabularySize)
  }

  /// Computes the vectors of texts in blocks, in order.
  package func encode(
    _ texts: some RandomAccessCollection<String>, _ write: (Tensor) throws -> Void
  ) throws {
    // Texts are sorted by length within a block; this many suffice for batches of similar lengths.
    let blockSize = 2048
    var rest = texts[...]
    while !rest.isEmpty {
      let block = rest.prefix(blockSize)
      rest = rest.dropFirst(block.count)
      let ids = block.map(tokenIDs)
      try write(encoder.embeddings(of: ids, paddingID: tokenizer.paddingID))
    }
  }
}
