import Datasets
import Extreme
import Models
import Storage

/// Labels of a vocabulary that no document has, with the features of their texts.
struct UntrainedTexts {
  var entries: [UntrainedLabels.Entry]
  /// `[labels, features]`.
  var bags: CSRMatrix
  /// Whether each label is in use although it has no documents.
  var inUse: [Bool]
}

extension Trainer {
  /// The labels that the run ranks by their texts alone; nil if there are none.
  ///
  /// A model that does not learn from label texts ranks only those that people added to a service.
  /// A label is left out if the model knows no word of its texts.
  func untrainedTexts(
    of labels: Labels, _ features: TextFeatureStore, progress: ProgressBar?
  ) throws -> UntrainedTexts? {
    guard !labels.candidates.isEmpty else { return nil }
    guard configuration.transformer == nil else {
      progress?.line(
        "\(counted(labels.candidates.count, "label")) have no document and are not ranked: a "
          + "transformer reads the texts")
      return nil
    }
    // A vocabulary may be large; labels that people added are few, and are expected to show up.
    let all =
      configuration.model.labels == .free
      ? labels.candidates.filter { labels.added.contains($0.id) } : labels.candidates
    let unranked = labels.candidates.count - all.count
    if unranked > 0 {
      progress?.line(
        "\(counted(unranked, "label")) of the vocabulary have no document and are not ranked "
          + "(--labels both ranks them by their texts)")
    }
    guard !all.isEmpty else { return nil }
    let bags = try features.bags(ofTexts: all.map(\.textWithAlternatives))
    let known = all.indices.filter { !bags.columns(ofRow: $0).isEmpty }
    progress?.line(
      "\(counted(all.count, "label")) have no document: \(known.count) are ranked by their texts")
    guard !known.isEmpty else { return nil }
    return UntrainedTexts(
      entries: known.map { .init(id: all[$0].id, text: all[$0].text ?? all[$0].id) },
      bags: bags.selecting(rows: known), inUse: known.map { labels.added.contains(all[$0].id) })
  }
}
