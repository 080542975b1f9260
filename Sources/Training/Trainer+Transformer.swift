import Datasets
import Extreme
import Models
import Storage
import Torch

extension Trainer {
  /// Opens the run's transformer and encodes the training data, if it has one.
  ///
  /// All documents of the data set are encoded, including the test documents: their texts are read,
  /// their labels are not, and evaluation reuses the vectors.
  func transformer(
    of dataset: Dataset, training: Split, validation: Split?, progress: ProgressBar?,
    isInterrupted: () -> Bool
  ) throws -> TransformerTraining? {
    guard let settings = configuration.transformer, let documents = dataset.documents.texts else {
      return nil
    }
    let generator = Generator(seed: configuration.seed)
    let device = configuration.device ?? .cpu
    let masks =
      device == .cpu ? generator : try Generator(seed: configuration.seed, device: device)
    let store = try TransformerStore(settings, folder: folder, generator: masks)
    func encoded(_ texts: TextColumn, _ name: String) throws -> (MappedArray<Int32>)
      -> TransformerTexts
    {
      guard !settings.isFineTuned else {
        return { rows in .tokens(store.tokens(of: rows.lazy.map { texts[Int($0)] })) }
      }
      let matrix = try store.cache(for: dataset, at: configuration.dataset)
        .vectors(name, count: texts.count) { write in
          var done = 0
          progress?.line("encoding \(texts.count) texts: the \(name)")
          progress?.begin()
          defer { progress?.clear() }
          try store.encode(texts) { block in
            try write(block)
            done += block.size(along: 0)
            progress?.update(
              title: "encoding \(name)", done: done, total: texts.count, unit: "texts")
            if isInterrupted() { throw TrainingError.interruptedWhilePreparing }
          }
        }
      return { rows in .vectors(TextVectors(matrix, rows: rows)) }
    }
    return try checked {
      let ofDocuments = try encoded(documents, "documents")
      let labels: TransformerTexts? =
        configuration.model.labels == .free
        ? nil
        : try encoded(
          TextColumn((0..<dataset.labels.count).map(dataset.labels.textWithAlternatives(at:))),
          dataset.labels.vocabularyHash.map { "labels-\(RunSeal.text($0))" } ?? "labels")(
            MappedArray((0..<dataset.labels.count).map(Int32.init)))
      return TransformerTraining(
        settings, encoder: store.encoder, outputs: configuration.model.encoder.dimension,
        generator: generator, masks: masks, documents: ofDocuments(training.documentIndices),
        labels: labels,
        validation: validation.map { ofDocuments($0.documentIndices) }, seed: configuration.seed)
    }
  }
}
