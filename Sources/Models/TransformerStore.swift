package import Datasets
package import Extreme
import Foundation
package import Storage
package import Torch

/// The transformer of a run: a copy of its checkpoint in the run's folder, and the vectors of
/// texts.
///
/// Vectors of a frozen transformer are cached next to the data set, under names that identify the
/// data, the checkpoint and the truncation, so that later runs and evaluation reuse them.
package final class TransformerStore {
  /// The transformer settings.
  let settings: TransformerSettings
  /// The transformer.
  package let encoder: TransformerEncoder
  private let tokenizer: WordPieceTokenizer
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
    try CheckpointFolder(path: settings.checkpoint).copy(to: folder.transformer, weights: name)
    let file = try SafetensorsFile(path: "\(folder.transformer)/\(name)")
    try self.init(
      settings, folder: folder, tensors: file.tensors(), source: file.path, generator: generator)
  }

  /// Opens the transformer of a finished run.
  ///
  /// - Parameter trained: the run's model, which contains the transformer's weights if they were
  ///   trained.
  /// - Throws: `InputError` if a file is damaged, `FileError`.
  package convenience init(
    _ settings: TransformerSettings, files: RunFiles, trained: SafetensorsFile
  ) throws {
    let folder = files.folder
    try files.check(folder: folder.transformer)
    let file =
      settings.isFineTuned
      ? trained
      : try SafetensorsFile(file: files.open(CheckpointFolder(path: folder.transformer).weights))
    let tensors = try file.tensors()
    try self.init(
      settings, folder: folder,
      tensors: settings.isFineTuned ? tensors.part("tower.transformer.") : tensors,
      source: file.path, generator: Generator(seed: 0))
  }

  private init(
    _ settings: TransformerSettings, folder: RunFolder, tensors: [String: Tensor],
    source: String, generator: Generator
  ) throws {
    self.settings = settings
    self.folder = folder
    let parts = try EncoderFolder(folder.transformer)
    tokenizer = parts.tokenizer
    var configuration = parts.configuration
    if let pooling = settings.pooling { configuration.pooling = pooling }
    if settings.isFineTuned { configuration.dropout = settings.tuning.dropout }
    guard settings.maximumLength <= configuration.maximumLength else {
      throw InputError(
        file: folder.transformer,
        reason: "the checkpoint has \(configuration.maximumLength) positions for texts of "
          + "\(settings.maximumLength) tokens",
        expected: "a --max-length of \(configuration.maximumLength) or less")
    }
    encoder = try TransformerEncoder(
      configuration, tensors: tensors, source: source, generator: generator)
    try encoder.parameters.refuseUnlessFinite(in: source)
    encoder.isTraining = false
  }

  /// The tower of a finished run.
  ///
  /// - Parameter outputs: the embedding dimension.
  /// - Throws: `InputError` if the weights do not match the settings.
  func tower(of model: SafetensorsFile, outputs: Int) throws -> TransformerTower {
    let inputs = encoder.configuration.width
    let widths = [inputs] + (settings.tower.hiddenDimension.map { [$0] } ?? []) + [outputs]
    // Shapes are compared before allocating, because a damaged configuration could request any
    // size.
    for (index, (from, to)) in zip(widths, widths.dropFirst()).enumerated() {
      let name = "tower.projection.\(index).weight"
      let shape = try model.tensor(named: name).shape
      guard shape == [to, from] else {
        throw InputError(
          file: model.path, reason: "\(name) is of shape \(shape)", expected: "\([to, from])")
      }
    }
    let tower = TransformerTower(
      settings.tower, from: inputs, to: outputs, generator: Generator(seed: 0))
    try attributingErrors(to: model.path) {
      try tower.restore(
        model.tensors().part("tower.").filter { $0.key.hasPrefix("projection.") })
    }
    return tower
  }

  /// Computes the vectors of texts: `[texts, W]`.
  package func vectors(of texts: some RandomAccessCollection<String>) -> Tensor {
    var parts: [Tensor] = []
    encode(texts) { parts.append($0) }
    return parts.isEmpty ? .zeros([0, encoder.configuration.width]) : .concatenated(parts)
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
    return TextVectors(vectors(of: rows.lazy.map { documents[Int($0)] }))
  }

  /// The cache for the vectors of a data set's texts.
  package func cache(for dataset: Dataset, at path: String) throws -> VectorCache {
    VectorCache(
      dataset: path, contentHash: dataset.contentHash, run: folder,
      checkpoint: try CheckpointFolder(path: folder.transformer).contentHash(),
      maximumLength: settings.maximumLength, pooling: encoder.configuration.pooling,
      width: encoder.configuration.width)
  }

  /// The tokens without content: those of every text, and the unknown token.
  var silentIDs: [Int32] {
    [tokenizer.classID, tokenizer.separatorID, tokenizer.paddingID, tokenizer.unknownID]
  }

  /// The padding token.
  var paddingID: Int32 { tokenizer.paddingID }

  /// The token ids of a text in any normal form.
  func tokenIDs(of text: String) -> [Int32] {
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
  ) rethrows {
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
