import Foundation
package import Storage
import Torch

/// Labels of a vocabulary that no training document has, as a run keeps them: they are ranked by their
/// texts alone.
package struct UntrainedLabels {
  /// A label.
  package struct Entry: Codable, Hashable, Sendable {
    /// Its name.
    package var id: String
    /// Its preferred text.
    package var text: String

    package init(id: String, text: String) { (self.id, self.text) = (id, text) }
  }

  /// The labels, in the order of the rows.
  package var entries: [Entry]
  /// `[labels, D]`.
  var vectors: Tensor
  /// The bias of each.
  var biases: [Float]

  /// Describes labels by their texts.
  ///
  /// - Parameters:
  ///   - bags: `[labels, features]`; the bags of their texts.
  ///   - scorer: scores the trained labels.
  ///   - counts: the training documents of each trained label.
  ///   - areLabelTexts: whether the model learns from label texts; otherwise the texts are read as those
  ///     of documents.
  ///   - inUse: whether each label is in use although it has no documents.
  /// - Throws: `TorchError`.
  package init(
    _ entries: [Entry], bags: CSRMatrix, scorer: Scorer, counts: [Int], areLabelTexts: Bool,
    inUse: [Bool]
  ) throws {
    self.entries = entries
    vectors = try withoutGradients {
      try scorer.vectors(
        ofUntrained: bags, trainedCount: scorer.labelCount,
        areLabelTexts: areLabelTexts)
    }
    let bias = scorer.bias.map { Scorer.bias(ofUntrainedAmong: $0, counts: counts) } ?? 0
    let unused = scorer.bias.map { Scorer.bias(ofUnusedAmong: $0, counts: counts) } ?? 0
    biases = inUse.map { $0 ? bias : unused }
  }

  /// Reads the labels of a saved epoch; nil if the run has none.
  ///
  /// - Throws: `InputError` if a file is damaged or has another shape; `FileError`.
  init?(_ files: RunFiles, epoch: KeptEpoch, dimension: Int) throws {
    let folder = files.folder
    guard folder.has(folder.untrainedLabels) else { return nil }
    entries = try files.read([Entry].self, from: folder.untrainedLabels)
    let file = try WeightsFile(file: files.open(folder.untrainedVectors(of: epoch)))
    vectors = try file.numbers("embeddings", shape: [entries.count, dimension])
    biases = try file.numbers("biases", shape: [entries.count]).array(of: Float.self)
  }

  /// Writes the labels of a saved epoch into a run's folder.
  ///
  /// - Throws: `FileError`.
  package func write(to folder: RunFolder, for epoch: KeptEpoch) throws {
    try folder.write(entries, to: folder.untrainedLabels)
    try Safetensors.write(
      ["embeddings": vectors.contiguous(), "biases": Tensor(biases)],
      metadata: ["format": "decant"],
      to: folder.untrainedVectors(of: epoch))
  }
}
