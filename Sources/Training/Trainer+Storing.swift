import Extreme
import Models
import Storage
import Torch

extension Trainer {
  /// Writes each saved model again in the precision that the run keeps, and the label vectors and the
  /// memory that prediction needs.
  ///
  /// The rankings of the best model decide, if the settings leave the precision open.
  func store(_ task: DualEncoderTask, untrained: UntrainedTexts?) throws -> WeightPrecision {
    task.returnToCPU()
    var precision = configuration.precision
    for epoch in KeptEpoch.allCases where folder.has(folder.model(of: epoch)) {
      let path = folder.model(of: epoch)
      let kept = try SafetensorsFile(path: path)
      let tensors = try kept.tensors()
      try attributingErrors(to: path) { try task.restoreWeights(tensors) }
      let labels = try checked { try task.labelEmbeddings() }
      guard try checked({ try labels.isAllFinite && task.hasFiniteScores(labels: labels) })
      else { throw TrainingError.scoresAreNotFinite }
      let chosen =
        try precision ?? checked { try task.shortestPrecision(of: tensors, labels: labels) }
      precision = chosen
      guard let stored = tensors.stored(in: chosen),
        let storedLabels = ["embeddings": labels].stored(in: chosen)
      else { throw TrainingError.weightsAreTooLarge(for: chosen) }
      if chosen != .float32 { try Safetensors.write(stored, metadata: kept.metadata, to: path) }
      try Safetensors.write(
        storedLabels, metadata: ["format": "decant"], to: folder.labelEmbeddings(of: epoch))
      if let untrained {
        try checked {
          try UntrainedLabels(
            untrained.entries, bags: untrained.bags, scorer: task.scorer(labels: labels),
            counts: task.trainCounts, areLabelTexts: configuration.model.labels != .free,
            inUse: untrained.inUse)
        }.write(to: folder, for: epoch)
      }
      if let memory = configuration.memory {
        // Choosing a precision rounds the weights.
        try attributingErrors(to: path) { try task.restoreWeights(tensors) }
        try checked { try task.memory(memory) }.write(to: folder, for: epoch)
      }
    }
    return precision ?? .float32
  }
}
