import Datasets
import Extreme
import Models
import Storage
import Torch

extension Trainer {
  /// The run that the training continues; nil for a training from a random start.
  func startingPoint() throws -> StartingPoint? {
    guard let path = configuration.initial else { return nil }
    let start = try StartingPoint(run: path)
    guard start.configuration.features == configuration.features else {
      throw InputError(
        file: path, reason: "the run has features of other families",
        expected: "the settings features of the run that is continued")
    }
    guard configuration.transformer == nil, configuration.model.wide == nil else {
      throw InputError(
        file: path, reason: "a linear model or a transformer cannot be added to a run",
        expected: "a training without --wide and --encoder")
    }
    return start
  }

  /// The data with the labels of the run that is continued first, so that they keep their rows.
  func renumbered(_ dataset: Dataset, after start: StartingPoint?) throws -> Dataset {
    guard let start else { return dataset }
    if configuration.model.labels != .free {
      let known = Set((0..<dataset.labels.count).map { dataset.labels.ids[$0] })
      if let missing = start.labelIDs.first(where: { !known.contains($0) }) {
        throw InputError(
          file: configuration.dataset,
          reason:
            "the label \"\(missing)\" is missing, and \(start.path) knows labels by their texts",
          expected: "labels.jsonl or a vocabulary with all labels of the run")
      }
    }
    return try dataset.puttingFirst(start.labelIDs, file: start.path)
  }

  /// Copies the weights of the run that is continued; rows of new features and labels stay random.
  ///
  /// A run that continues from a checkpoint has them already.
  ///
  /// - Throws: `InputError` if the settings describe another model.
  func takeWeights(
    of start: StartingPoint?, into task: DualEncoderTask, _ features: TextFeatureStore,
    progress: ProgressBar?
  ) throws {
    guard let start, !folder.hasCheckpoint, let all = features.fitted else { return }
    let rows = try start.features.vocabulary.hashes.map { hash in
      guard let row = all.vocabulary.row(of: hash) else {
        throw InputError(
          file: folder.vocabulary, reason: "a feature of \(start.path) is missing",
          expected: "the vocabulary that this training made")
      }
      return Int64(row)
    }
    let labels = (0..<start.labelIDs.count).map(Int64.init)
    try checked {
      try withoutGradients {
        for (name, tensor) in task.dualEncoder.parameters {
          let places: [Int64]? =
            name.hasSuffix("table.weight")
            ? rows : ["labels.vectors", "labels.bias"].contains(name) ? labels : nil
          var shape = tensor.shape
          if let places { shape[0] = places.count }
          guard let old = start.weights[name], old.shape == shape else {
            throw InputError(
              file: start.path,
              reason: "\(name) has shape \(start.weights[name]?.shape ?? []), not \(shape)",
              expected: "the settings model of the run that is continued")
          }
          if let places {
            try tensor.replaceRows(places, by: old)
          } else {
            try tensor.replaceRows((0..<Int64(shape[0])).map(\.self), by: old)
          }
        }
      }
    }
    progress?.line(
      "continues \(start.path): \(counted(start.labelIDs.count, "label")) and "
        + "\(counted(rows.count, "feature")) known, \(task.dualEncoder.labelCount - labels.count) and "
        + "\(all.vocabulary.count - rows.count) new")
  }
}

extension DualEncoder {
  /// The number of labels.
  fileprivate var labelCount: Int { labelVectors?.size(along: 0) ?? bias?.size(along: 0) ?? 0 }
}
