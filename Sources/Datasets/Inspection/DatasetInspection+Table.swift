import Foundation
import Storage

extension DatasetInspection {
  /// The problems found, one sentence each, most serious first.
  public var warnings: [String] {
    var lines: [String] = []
    func share(_ count: Int, of total: Int) -> String {
      String(format: "%.1f %%", 100 * Double(count) / Double(max(1, total)))
    }
    let kind = hasTexts ? "text" : "features"
    let testDocuments = parts["test"]?.documents ?? 0
    if let weightFault { lines.append("decant train rejects this: \(weightFault)") }
    if labels == 1 { lines.append("there is only one label, so there is nothing to predict") }
    if let leaks, leaks.equal > 0 {
      let example = leaks.examples[0]
      lines.append(
        "\(leaks.equal) of \(testDocuments) test documents (\(share(leaks.equal, of: testDocuments)))"
          + " have the \(kind) of a training document, such as \(example.test) that of"
          + " \(example.train): test results will be too optimistic")
    }
    if let leaks, let near = leaks.nearlyEqual, near > 0 {
      let example = leaks.examples.dropFirst(min(10, leaks.equal)).first
        .map { ", such as \($0.test) and \($0.train)" + String(format: " (%.2f)", $0.similarity) }
      lines.append(
        "\(near)\(leaks.equal > 0 ? " more" : "") of \(testDocuments) test documents "
          + "(\(share(near, of: testDocuments))) are nearly equal to a training "
          + "document\(example ?? "")")
    }
    if duplicates.groupsOfDifferentLabels > 0 {
      lines.append(
        "\(duplicates.groupsOfDifferentLabels) of \(duplicates.groups) groups of equal training "
          + "documents have different labels, such as "
          + (duplicates.examplesOfDifferentLabels.first ?? []).prefix(3).joined(separator: ", "))
    }
    if labelTwins.groups > 0 {
      let example = (labelTwins.examples.first ?? []).prefix(3).map { "\"\($0)\"" }
      lines.append(
        "\(labelTwins.labels) labels differ from another only by case, blanks or width, such as "
          + example.joined(separator: " and ") + ": each is learned separately")
    }
    if testLabelsWithoutTraining > 0 {
      lines.append(
        "\(testLabelsWithoutTraining) labels of test have no training document "
          + "(\(testPairsWithoutTraining) pairs), such as "
          + testLabelsWithoutTrainingExamples.prefix(3).joined(separator: ", "))
    }
    if emptyDocuments > 0 {
      lines.append(
        "\(emptyDocuments) documents are empty, such as "
          + emptyExamples.prefix(3).joined(separator: ", "))
    }
    if let cutTexts { lines.append(cutTexts) }
    for name in ["train", "test"] {
      guard let part = parts[name], part.withoutLabels > 0 else { continue }
      lines.append("\(part.withoutLabels) of \(part.documents) \(name) documents have no label")
    }
    if unusedLabels > 0 { lines.append("unused: \(counted(unusedLabels, "label"))") }
    if documentsInNoPart > 0 {
      lines.append("neither in train nor in test: \(counted(documentsInNoPart, "document"))")
    }
    if skippedLines > 0 { lines.append("skipped: \(counted(skippedLines, "line"))") }
    if parts["test"] == nil { lines.append("there is no test set") }
    return lines
  }

  /// The whole inspection as text, warnings first.
  ///
  /// - Parameter settings: sentences about the settings that training chooses for the data.
  public func table(settings: [String] = []) -> String {
    var lines = [
      "\(name): \(documents) documents of \(hasTexts ? "texts" : "features"), \(labels) labels"
        + (labelsWithTexts > 0 ? ", \(labelsWithTexts) of them with a text" : "")
    ]
    let warnings = self.warnings
    lines += ["", warnings.isEmpty ? "no warnings" : "warnings"]
    lines += warnings.map { "  ! " + $0 }
    let decisions = self.decisions + settings
    if !decisions.isEmpty { lines += ["", "decides the settings"] + decisions.map { "  - " + $0 } }
    lines += [
      "", row("part", "documents", summaryNames + ["without"], note: "labels per document"),
    ]
    for name in ["train", "validation", "test"] {
      guard let part = parts[name] else { continue }
      lines.append(
        row(
          name, "\(part.documents)",
          values(part.labelsPerDocument) + ["\(part.withoutLabels)"]))
    }
    lines += ["", row("", "", summaryNames)]
    lines.append(row(hasTexts ? "words per text" : "features per document", "", values(lengths)))
    lines.append(row("train documents per label", "", values(documentsPerLabel)))
    lines += ["", "labels by their number of training documents"]
    lines.append("     documents   labels     pairs")
    for band in frequencyBands {
      let range = band.from == band.to ? "\(band.from)" : "\(band.from) – \(band.to)"
      lines.append(
        range.padded(to: 14) + "\(band.labels)".padded(to: 9) + "\(band.pairs)".padded(to: 10))
    }
    lines.append("  \(labelsOfHalfThePairs) labels make up half of all pairs")
    lines += ["", "the most frequent labels"]
    lines += mostFrequent.map {
      "\($0.documents)".padded(to: 10) + "  " + Self.shown($0.label, $0.text)
    }
    lines += [
      "",
      "labels that co-occur more often than by chance, in \(cooccurrence.leastDocuments) training "
        + "documents or more",
      "      lift  documents  of the rarer",
    ]
    lines += cooccurrence.pairs.map {
      String(format: "%10.1f%11d%12.0f %%  ", $0.lift, $0.documents, 100 * $0.shareOfRarer)
        + zip($0.labels, $0.texts ?? $0.labels).map { $1.title(of: $0, Self.labelLength) }
        .joined(separator: " + ")
    }
    if cooccurrence.documentsLeftOut > 0 {
      lines.append(
        "  without \(cooccurrence.documentsLeftOut) documents with more than "
          + "\(LabelCooccurrence.mostLabels) labels")
    }
    lines += [""] + repeats + pairs
    return lines.map(\.onOneLine).joined(separator: "\n")
  }

  /// The most characters of a text in the table.
  private static let textLength = 100
  /// The most characters of a label's text in the table.
  private static let labelLength = 40

  private static func shown(_ label: String, _ text: String?) -> String {
    let caption = text?.caption(of: label, labelLength) ?? ""
    return caption.isEmpty || caption == label ? label : "\(label)  \(caption)"
  }

  /// The pairs that warnings and counts stand for, with their texts.
  private var pairs: [String] {
    var lines: [String] = []
    func add(_ heading: String, _ examples: [[String]]) {
      guard !examples.isEmpty else { return }
      lines += ["", heading]
      for example in examples.prefix(5) {
        lines.append("  " + (example.first ?? ""))
        lines += example.dropFirst().map { "      " + $0 }
      }
    }
    func texts(_ texts: [String]?) -> [String] {
      (texts ?? []).map { $0.snippet(Self.textLength) }
    }
    func labels(_ labels: [String]) -> String {
      labels.prefix(5).map { $0.caption(of: "", Self.labelLength) }.joined(separator: ", ")
        + (labels.count > 5 ? ", …" : "")
    }
    add(
      "test documents that are in train too",
      (leaks?.examples ?? []).map { pair in
        [String(format: "%.2f  ", pair.similarity) + "\(pair.test) and \(pair.train) of train"]
          + texts([pair.testText].compactMap(\.self))
          + (pair.similarity < 1 ? texts([pair.trainText].compactMap(\.self)) : [])
      })
    add(
      "equal training documents with different labels",
      (duplicates.differing ?? []).map { group in
        [group.documents.joined(separator: ", ")] + texts(group.texts)
          + group.labels.prefix(3).map(labels)
      })
    add(
      "nearly equal training documents",
      (duplicates.near ?? []).map { pair in
        [String(format: "%.2f  ", pair.similarity) + pair.documents.joined(separator: " and ")]
          + zip(texts(pair.texts), pair.labels).map { "\($0)  [\(labels($1))]" }
      })
    return lines
  }

  private var repeats: [String] {
    var text =
      "equal training documents: \(duplicates.documents) in \(duplicates.groups) groups"
    if let near = duplicates.nearPairs {
      text +=
        "; nearly equal pairs: \(near) (at least \(nearThreshold) of all runs of "
        + "\(Shingles.length) words in common)"
    }
    guard let nearCopies else { return [text] }
    return [
      text,
      "near-copies, also with other case or numbers: \(nearCopies.documents) in "
        + "\(nearCopies.groups) groups",
    ]
  }

  private var summaryNames: [String] { ["mean", "least", "median", "90 %", "most"] }

  private func values(_ summary: ValueSummary) -> [String] {
    [String(format: "%.2f", summary.mean)]
      + [summary.minimum, summary.median, summary.ninetieth, summary.maximum].map { "\($0)" }
  }

  private func row(_ name: String, _ count: String, _ cells: [String], note: String = "")
    -> String
  {
    name + String(repeating: " ", count: max(0, 24 - name.count)) + count.padded(to: 10)
      + cells.map { $0.padded(to: 9) }.joined() + (note.isEmpty ? "" : "   (\(note))")
  }
}
