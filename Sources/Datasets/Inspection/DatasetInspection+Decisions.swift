import Foundation
import Storage

extension DatasetInspection {
  /// Properties that decide how to train and how to read the results.
  public struct Traits: Codable, Hashable, Sendable {
    /// The number of training documents with exactly one label.
    public var documentsWithOneLabel: Int
    /// The number of training documents with as many labels as any has.
    public var documentsWithMostLabels: Int
    /// The number of training documents with one label less.
    public var documentsWithNearlyMostLabels: Int
    /// The largest value, in percent, that P@5 can have on documents like those of train.
    public var highestPrecisionAt5: Double
    /// The number of labels with as many training documents as any has.
    public var labelsWithMostDocuments: Int
    /// Signs that documents were cut; nil if they are features.
    public var cutDocuments: CutTexts?
    /// Signs that labels' texts were cut; nil if no label has a text.
    public var cutLabelTexts: CutTexts?
    /// The number of validation documents of which the rest of train has a copy or near-copy; nil
    /// without a validation part.
    public var copiesInValidation: Int?

    init(_ dataset: Dataset, copies: NearCopies) {
      let train = dataset.train
      let sizes = (0..<train.count).map { train.labels.entries(ofRow: $0).count }
      let most = sizes.max() ?? 0
      documentsWithOneLabel = sizes.count { $0 == 1 }
      documentsWithMostLabels = sizes.count { $0 == most }
      documentsWithNearlyMostLabels = sizes.count { $0 == most - 1 }
      highestPrecisionAt5 =
        100 * Double(sizes.reduce(0) { $0 + min($1, 5) }) / Double(max(1, 5 * sizes.count))
      let counts = train.labels.columnCounts()
      labelsWithMostDocuments = counts.max().map { most in counts.count { $0 == most } } ?? 0
      cutDocuments = dataset.documents.texts.map { CutTexts($0) }
      cutLabelTexts = dataset.labels.texts.map { CutTexts($0) }
      copiesInValidation = dataset.validation.map { validation in
        let heldOut = Set(validation.documentIndices.map(Int.init))
        let outside = Set(
          train.documentIndices.lazy.map(Int.init).filter { !heldOut.contains($0) }
            .map(copies.representative))
        return heldOut.count { outside.contains(copies.representative(of: $0)) }
      }
    }
  }

  /// The properties of the data that decide the settings, one sentence each.
  public var decisions: [String] {
    guard let traits, let train = parts["train"], train.documents > 0 else { return [] }
    var lines: [String] = []
    let one = traits.documentsWithOneLabel
    if one == train.documents {
      lines.append(
        "every training document has one label: P@1 is the accuracy, --loss infonce suits such data, "
          + "and the probabilities of a text add up to 1")
    } else if train.labelsPerDocument.mean < 5 {
      lines.append(
        "\(rounded(100 * Double(one) / Double(train.documents), places: 1)) % of the training "
          + "documents have one label, and P@5 cannot exceed "
          + "\(rounded(traits.highestPrecisionAt5, places: 1))")
    }
    if let text = cappedLabels(traits, train) { lines.append(text) }
    if let text = sampledLabels(traits) { lines.append(text) }
    if let cut = traits.cutDocuments?.finding {
      lines.append(
        "the documents' texts look cut: \(cut); the words that are missing cannot be learnt from")
    }
    if let cut = traits.cutLabelTexts?.finding {
      lines.append("the labels' texts look cut: \(cut)")
    }
    if let copies = traits.copiesInValidation, copies > 0 {
      lines.append(
        "\(copies) of \(parts["validation"]?.documents ?? 0) validation documents copy, or nearly, "
          + "another training document: early stopping and calibration will be too optimistic")
    }
    return lines
  }

  /// Whether the lists of labels end at a number that too many documents have.
  private func cappedLabels(_ traits: Traits, _ train: Part) -> String? {
    let most = train.labelsPerDocument.maximum
    let count = traits.documentsWithMostLabels
    // Numbers of labels fall off to the largest, unless something stopped there.
    guard most >= 3, most > train.labelsPerDocument.minimum, count >= max(5, train.documents / 50),
      count > traits.documentsWithNearlyMostLabels
    else { return nil }
    return "\(count) training documents have exactly \(most) labels, and none has more: the lists "
      + "were probably cut there, so labels are missing (decant audit --missing finds such)"
  }

  /// Whether many labels have the largest number of documents.
  private func sampledLabels(_ traits: Traits) -> String? {
    let most = documentsPerLabel.maximum
    let count = traits.labelsWithMostDocuments
    guard most >= 10, count >= max(3, labels / 20) else { return nil }
    return
      "\(count) of \(labels) labels have exactly \(most) training documents, and none has more: "
      + "they were probably sampled to that number, so frequencies, and probabilities with them, are "
      + "not those of new documents"
  }
}
