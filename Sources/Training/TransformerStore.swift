import Datasets
import Foundation
import Learning
import Torch

/// The transformer of one run: a copy of its checkpoint in the run's folder, and what it makes of
/// texts.
///
/// Vectors of a frozen transformer are kept beside the data set, under names that tell the data,
/// the checkpoint and the cut, so that the next run and the evaluation find them.
final class TransformerStore {
  /// How the transformer takes part.
  let settings: TransformerSettings
  /// The transformer.
  let encoder: TransformerEncoder
  private let tokenizer: WordPieceTokenizer
  private let folder: RunFolder

  /// Opens the transformer that a training begins with; a new run copies the checkpoint first.
  ///
  /// - Parameter generator: where dropout draws from.
  /// - Throws: `InputError` when the checkpoint is not of a BERT encoder, `FileError`.
  convenience init(
    _ settings: TransformerSettings, folder: RunFolder, generator: Generator
  ) throws {
    // Trained weights end up in the model: then the copy is needed no longer than the training.
    let name = settings.isFineTuned ? "initial.safetensors" : "model.safetensors"
    try CheckpointFolder(path: settings.checkpoint).copy(to: folder.transformer, weights: name)
    let file = try SafetensorsFile(path: "\(folder.transformer)/\(name)")
    try self.init(
      settings, folder: folder, tensors: file.tensors(), source: file.path, generator: generator)
  }

  /// Opens the transformer of a finished run.
  ///
  /// - Parameter trained: the run's model, which holds the transformer's weights if it was trained.
  /// - Throws: `InputError` when a file is damaged, `FileError`.
  convenience init(
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

  /// The tower of a finished run, or nil for a damaged one's error.
  ///
  /// - Parameter outputs: the length of the embeddings.
  /// - Throws: `InputError` when the weights are not those of the settings.
  func tower(of model: SafetensorsFile, outputs: Int) throws -> TransformerTower {
    let inputs = encoder.configuration.width
    let widths = [inputs] + (settings.tower.hiddenDimension.map { [$0] } ?? []) + [outputs]
    // Shapes are compared before memory is asked for, as a damaged configuration could ask for any.
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
    try tower.restore(
      model.tensors().part("tower.").filter { $0.key.hasPrefix("projection.") })
    return tower
  }

  /// The vectors of texts, made anew: `[texts, W]`.
  func vectors(of texts: some RandomAccessCollection<String>) -> Tensor {
    var parts: [Tensor] = []
    encode(texts) { parts.append($0) }
    return parts.isEmpty ? .zeros([0, encoder.configuration.width]) : .concatenated(parts)
  }

  /// The vectors of some documents of a data set: those that are kept, or new ones.
  func vectors(ofRows rows: MappedArray<Int32>, in dataset: Dataset, at path: String) throws
    -> TextVectors
  {
    guard let documents = dataset.documents.texts else {
      preconditionFailure("vectors of documents without texts")
    }
    if !settings.isFineTuned,
      let kept = try cache(for: dataset, at: path).kept("documents", count: documents.count)
    {
      return TextVectors(kept, rows: rows)
    }
    return TextVectors(vectors(of: rows.lazy.map { documents[Int($0)] }))
  }

  /// Where the vectors of a data set's texts are kept.
  func cache(for dataset: Dataset, at path: String) throws -> VectorCache {
    VectorCache(
      dataset: path, contentHash: dataset.contentHash, run: folder,
      checkpoint: try CheckpointFolder(path: folder.transformer).contentHash(),
      maximumLength: settings.maximumLength, pooling: encoder.configuration.pooling,
      width: encoder.configuration.width)
  }

  /// The tokens that say nothing: those of every text, and the one of unknown words.
  var silentIDs: [Int32] {
    [tokenizer.classID, tokenizer.separatorID, tokenizer.paddingID, tokenizer.unknownID]
  }

  /// The token that short texts are filled up with.
  var paddingID: Int32 { tokenizer.paddingID }

  /// The token ids of one text, in whichever normal form it is.
  func tokenIDs(of text: String) -> [Int32] {
    tokenizer.encode(text.normalizedToNFC, maximumLength: settings.maximumLength)
  }

  /// Token ids, a row a text.
  func tokens(of texts: some Collection<String>) -> CSRMatrix {
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

  /// Hands out the vectors of texts in blocks, in their order.
  func encode(
    _ texts: some RandomAccessCollection<String>, _ write: (Tensor) throws -> Void
  ) rethrows {
    // Sorted by length within a block; as many suffice for batches of about equal length.
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
