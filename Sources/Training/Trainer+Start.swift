import Datasets
import Extreme
import Models
import Storage
import Torch

extension Trainer {
  /// The length of a word's initial vector, in lengths of a random row of the table.
  ///
  /// Ours: P@1 of 1,000 documents of 20news is best at 1.5 to 4.5; see
  /// `Benchmarks/results/start-from.md`.
  private static let startLength = 2.25

  /// Starts the rows of words in the feature table from a pretrained encoder's vectors, if the
  /// configuration names one; all other rows stay random.
  ///
  /// A run that continues from a checkpoint has left them already.
  ///
  /// - Throws: `InputError` if the folder is not that of an encoder that knows some of the words,
  ///   `FileError`, `TrainingError.interruptedWhilePreparing`.
  func startFromEncoder(
    _ task: DualEncoderTask, _ features: TextFeatureStore, of dataset: Dataset, training: Split,
    progress: ProgressBar?, isInterrupted: () -> Bool
  ) throws {
    guard let path = configuration.startFrom, !folder.hasCheckpoint else { return }
    let encoder = try SentenceEncoder(folder: path)
    let checkpoint = try CheckpointFolder(path: path).contentHash()
    let words = try features.words(of: dataset.documents, rows: training.documentIndices)
    let pieces = try encoder.pieces(of: words.map(\.text))
    let outputs = try outputs(
      of: pieces.distinct, encoder, checkpoint, dataset, progress: progress,
      isInterrupted: isInterrupted)
    let encoders = [task.dualEncoder.encoder, task.dualEncoder.labelEncoder].compactMap(\.self)
    let width = task.dualEncoder.encoder.table.weight.size(along: 1)
    let known = try encoder.wordVectors(of: pieces, outputs: outputs, dimension: width)
    let rows = known.places.enumerated().flatMap { place, word in
      words[word].rows.map { (row: Int64($0), place: Int64(place)) }
    }
    let length =
      Self.startLength * configuration.model.encoder.initialScale * Double(width).squareRoot()
    try checked {
      try withoutGradients {
        let vectors = (known.vectors * length).gathered(rows: Tensor(rows.map(\.place)))
        for table in encoders.map(\.table.weight) {
          try table.replaceRows(rows.map(\.row), by: vectors)
        }
      }
    }
    try folder.write(
      PretrainedStart(
        encoder: String(path.split(separator: "/").last ?? ""), hash: RunSeal.text(checkpoint),
        words: words.count, knownWords: known.places.count), to: folder.start)
    progress?.line(
      "\(known.places.count) of \(counted(words.count, "word")) start from vectors of \(path)")
  }

  /// The encoder's vectors of single pieces, cached like those of texts.
  private func outputs(
    of pieces: [Int32], _ encoder: SentenceEncoder, _ checkpoint: UInt64, _ dataset: Dataset,
    progress: ProgressBar?, isInterrupted: () -> Bool
  ) throws -> Tensor {
    // Other features have other words.
    let name = "pieces-\(RunSeal.text(pieces.withUnsafeBytes { XXHash64.hash($0) }))"
    return try VectorCache(
      dataset: configuration.dataset, contentHash: dataset.contentHash, run: folder,
      checkpoint: checkpoint, maximumLength: 3, pooling: "mean", width: encoder.dimension
    ).vectors(name, count: pieces.count) { write in
      var done = 0
      progress?.begin()
      defer { progress?.clear() }
      try encoder.encode(pieces) { block in
        try write(block)
        done += block.size(along: 0)
        progress?.update(
          title: "encoding words", done: done, total: pieces.count, unit: "pieces")
        if isInterrupted() { throw TrainingError.interruptedWhilePreparing }
      }
    }
  }
}
