import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct DatasetInspectionTests {
  private static func dataset(_ content: Documents.Content, count: Int) -> Dataset {
    Dataset(
      documents: Documents(
        ids: TextColumn((0..<count).map { "d\($0)" }), content: content),
      labels: Labels(ids: TextColumn(["a", "b", "c", "d", "e"])),
      train: Split(
        documentIndices: MappedArray([0, 1, 2, 3]),
        labels: CSRMatrix(rows: [[0, 1], [0], [1, 0], [2]], columnCount: 5)),
      validation: Split(
        documentIndices: MappedArray([2]), labels: CSRMatrix(rows: [[1, 0]], columnCount: 5)),
      test: Split(
        documentIndices: MappedArray([4, 5, 6]),
        labels: CSRMatrix(rows: [[1, 3], [], [3]], columnCount: 5)),
      description: DatasetDescription(name: "small"))
  }

  private static let texts = dataset(
    .texts(
      TextColumn([
        "red green blue yellow", "red green blue yellow", "one two three four", " \t\n",
        "red green blue yellow", "One, two -- three FOUR!", "nothing like it at all", "unused",
      ])), count: 8)

  @Test func `statistics match counts by hand`() {
    let found = DatasetInspection(Self.texts)
    #expect(found.name == "small" && found.hasTexts && found.documents == 8 && found.labels == 5)
    #expect(found.labelsWithTexts == 0)
    #expect(found.parts.keys.sorted() == ["test", "train", "validation"])
    #expect(found.parts["train"]?.labelsPerDocument == ValueSummary([2, 1, 2, 1]))
    #expect(found.parts["train"]?.withoutLabels == 0)
    #expect(found.parts["test"]?.documents == 3 && found.parts["test"]?.withoutLabels == 1)
    #expect(found.documentsInNoPart == 1)
    #expect(found.emptyDocuments == 1 && found.emptyExamples == ["d3"])
    #expect(found.lengths == ValueSummary([4, 4, 4, 0, 4, 4, 5, 1]))
    #expect(found.documentsPerLabel == ValueSummary([3, 2, 1, 0, 0]))
    #expect(
      found.frequencyBands.map { [$0.from, $0.to, $0.labels, $0.pairs] }
        == [[0, 0, 2, 0], [1, 1, 1, 1], [2, 3, 2, 5]])
    #expect(found.labelsOfHalfThePairs == 1)
    #expect(found.mostFrequent.map(\.label) == ["a", "b", "c"])
    #expect(found.mostFrequent.map(\.documents) == [3, 2, 1])
    #expect(found.testLabelsWithoutTraining == 1 && found.testPairsWithoutTraining == 2)
    #expect(found.testLabelsWithoutTrainingExamples == ["d"])
    #expect(found.unusedLabels == 1)
  }

  @Test func `finds duplicates within train and across splits`() {
    let found = DatasetInspection(Self.texts)
    #expect(found.duplicates.groups == 1 && found.duplicates.documents == 2)
    #expect(found.duplicates.groupsOfDifferentLabels == 1)
    #expect(found.duplicates.examplesOfDifferentLabels == [["d0", "d1"]])
    #expect(found.duplicates.nearPairs == 0)
    #expect(found.leaks?.equal == 1 && found.leaks?.nearlyEqual == 1)
    #expect(
      found.leaks?.examples.map { [$0.test, $0.train, "\($0.similarity)"] }
        == [["d4", "d0", "1.0"], ["d5", "d2", "1.0"]])
    // The worst first.
    let warnings = found.warnings
    #expect(warnings.count == 8, "\(warnings)")
    for (warning, words) in zip(
      warnings,
      [
        "1 of 3 test documents (33.3 %) have the text", "1 more of 3 test documents",
        "1 of 1 groups of equal", "1 labels of test have no training document (2 pairs), such as d",
        "1 documents are empty, such as d3", "1 of 3 test documents have no label",
        "unused: 1 label", "neither in train nor in test: 1 document",
      ])
    {
      #expect(warning.contains(words), "\(warning)")
    }
    #expect(found.table().contains("! 1 of 3 test documents (33.3 %)"))
  }

  @Test func `the order of labels does not matter`() {
    var data = Self.texts
    data.train.labels = CSRMatrix(rows: [[0, 1], [1, 0], [0], [2]], columnCount: 5)
    #expect(DatasetInspection(data).duplicates.groupsOfDifferentLabels == 0)
  }

  @Test func `compares documents of features by columns and values`() {
    let matrix = CSRMatrix(
      rowOffsets: MappedArray([0, 2, 4, 5, 5, 7, 8, 9]),
      columns: MappedArray([0, 1, 1, 0, 2, 0, 1, 2, 2]),
      values: MappedArray([1, 2, 2, 1, 1, 1, 2, 2, 0]), columnCount: 3)
    let found = DatasetInspection(
      Self.dataset(.features(matrix, names: ["x", "y", "z"]), count: 7))
    #expect(!found.hasTexts && found.duplicates.nearPairs == nil && found.leaks?.nearlyEqual == nil)
    // Rows 0, 1 and 4 say the same in another order; 3 has no feature, and 6 has a zero alone.
    #expect(found.duplicates.groups == 1 && found.duplicates.documents == 2)
    #expect(found.leaks?.equal == 1)
    #expect(found.emptyExamples == ["d3", "d6"])
    #expect(found.lengths.maximum == 2)
  }

  @Test func `label co-occurrence lifts match values by hand`() {
    let rows = CSRMatrix(rows: [[0, 1], [0], [1, 0], [2, 0], [2], []], columnCount: 3)
    let names = TextColumn(["a", "b", "c"])
    let found = LabelCooccurrence(rows, of: Labels(ids: names), leastDocuments: 1)
    // a has 4 of 6 documents, b 2, both in 2; c has 2, one of them with a, fewer than by chance:
    // 2 · 6 / (4 · 2) and 1 · 6 / (4 · 2).
    #expect(found.pairs.map(\.labels) == [["a", "b"]])
    #expect(found.pairs.map(\.documents) == [2])
    #expect(found.pairs.map(\.lift) == [1.5])
    #expect(found.pairs.map(\.shareOfRarer) == [1])
    #expect(LabelCooccurrence(rows, of: Labels(ids: names), leastDocuments: 2).pairs.count == 1)
    #expect(LabelCooccurrence(rows, of: Labels(ids: names), leastDocuments: 5).pairs.isEmpty)
    let many = CSRMatrix(
      rows: [[Int]](repeating: Array(0..<201), count: 5), columnCount: 201)
    let wide = LabelCooccurrence(
      many, of: Labels(ids: TextColumn((0..<201).map { "\($0)" })))
    #expect(wide.documentsLeftOut == 5 && wide.pairs.isEmpty)
  }

  /// A data set of a training part only.
  private static func train(_ texts: [String], _ labels: [[Int]], columns: Int) -> Dataset {
    Dataset(
      documents: Documents(
        ids: TextColumn(texts.indices.map { "d\($0)" }), content: .texts(TextColumn(texts))),
      labels: Labels(
        ids: TextColumn((0..<columns).map { "\($0)" }),
        texts: TextColumn((0..<columns).map { "label \($0)" })),
      train: Split(
        documentIndices: MappedArray(texts.indices.map(Int32.init)),
        labels: CSRMatrix(rows: labels, columnCount: columns)),
      description: DatasetDescription(name: "train"))
  }

  @Test func `examples have texts and labels`() throws {
    let texts = [
      "the old printer does not answer any more after the update of today",
      "the old printer does not answer any more after the update of today",
      "another text with different words in it",
      "the old printer does not answer any more after the update of yesterday",
    ]
    let found = DatasetInspection(Self.train(texts, [[0], [1], [2], [0, 2]], columns: 3))
    let differing = try #require(found.duplicates.differing?.first)
    #expect(differing.documents == ["d0", "d1"] && differing.similarity == 1)
    #expect(differing.texts == [texts[0]])
    #expect(differing.labels == [["label 0"], ["label 1"]])
    let near = try #require(found.duplicates.near?.first)
    #expect(near.documents == ["d0", "d3"] && near.texts == [texts[0], texts[3]])
    #expect(near.similarity > 0.77 && near.labels == [["label 0"], ["label 0", "label 2"]])
    let table = found.table(settings: ["a sentence"])
    #expect(table.contains("\n  d0, d1\n      the old printer does not answer"))
    #expect(table.contains("of yesterday  [label 0, label 2]"))
    #expect(table.contains("\n  - a sentence\n"))
    // Test documents that copy training documents have both texts.
    let leak = try #require(DatasetInspection(Self.texts).leaks?.examples.last)
    #expect(leak.testText == "One, two -- three FOUR!" && leak.trainText == "one two three four")
  }

  @Test func `names the properties that decide the settings`() {
    func decisions(_ labels: [[Int]], columns: Int = 40, text: (Int) -> String = { "text \($0)" })
      -> [String]
    {
      DatasetInspection(Self.train(labels.indices.map(text), labels, columns: columns)).decisions
    }
    let single = decisions((0..<20).map { [$0] })
    #expect(single.count == 1 && single[0].contains("every training document has one label"))
    // Of 20 documents 10 have one label and 10 have two: P@5 is at most 30 / 100.
    let some = decisions((0..<20).map { $0 % 2 == 0 ? [$0] : [$0, $0 + 1] })
    #expect(some.count == 1 && some[0].hasPrefix("50.0 % of the training documents have one label"))
    #expect(some[0].hasSuffix("P@5 cannot exceed 30.0"))
    // 1, 2 or 3 labels; eight documents stop at 3.
    let capped = decisions(
      (0..<20).map { row in Array(row..<row + (row < 6 ? 1 : row < 12 ? 2 : 3)) })
    #expect(capped.count == 2 && capped[1].hasPrefix("8 training documents have exactly 3 labels"))
    let sampled = decisions((0..<40).map { [$0 % 4] }, columns: 4)
    #expect(sampled.count == 2 && sampled[1].hasPrefix("4 of 4 labels have exactly 10 training"))
    let cut = decisions((0..<20).map { [$0] }) { $0 < 6 ? "text \($0) …\n" : "whole \($0)" }
    #expect(cut.count == 2 && cut[1].contains("6 of 20 end in an ellipsis"), "\(cut)")
    let long = decisions((0..<20).map { [$0] }) { row in
      String(repeating: "wörd", count: 10) + (row < 5 ? "\(row)" : "")
    }
    #expect(long.last?.contains("5 of 20 have exactly 41 characters") == true, "\(long)")
  }

  @Test func `counts copies in validation`() {
    var dataset = Self.texts
    #expect(DatasetInspection(dataset).traits?.copiesInValidation == 0)
    dataset.validation = Split(
      documentIndices: MappedArray([0, 2]),
      labels: CSRMatrix(rows: [[0, 1], [1, 0]], columnCount: 5))
    let found = DatasetInspection(dataset)
    #expect(found.traits?.copiesInValidation == 1)
    #expect(found.decisions.contains { $0.hasPrefix("1 of 2 validation documents copy") })
  }

  @Test func `quantiles match those of a sorted list`() {
    let summary = ValueSummary([5, 1, 9, 3, 7, 2, 8, 4, 6, 10])
    #expect(
      [summary.minimum, summary.median, summary.ninetieth, summary.maximum] == [1, 5, 9, 10])
    #expect(summary.mean == 5.5 && summary.count == 10)
    #expect(ValueSummary([]).maximum == 0 && ValueSummary([]).mean == 0)
    #expect(ValueSummary([3]).median == 3 && ValueSummary([3]).ninetieth == 3)
  }

  @Test func `reports labels that look alike`() {
    let names = [
      "Billing", "new york", "billing", "New  York ", "straße", "STRASSE", "ＡＢＣ１", "abc1", "other",
      "\u{3B1}\u{3C2}", "\u{391}\u{3A3}", "a-b", "ab",
    ]
    let found = LabelTwins(names)
    #expect(found.groups == 5 && found.labels == 10)
    #expect(
      found.examples == [
        ["Billing", "billing"], ["new york", "New  York "], ["straße", "STRASSE"],
        ["ＡＢＣ１", "abc1"], ["\u{3B1}\u{3C2}", "\u{391}\u{3A3}"],
      ])
    var data = Self.texts
    data.labels = Labels(ids: TextColumn(["Billing", "billing", "x\nx", "y", "z"]))
    let inspection = DatasetInspection(data)
    #expect(inspection.labelTwins.examples == [["Billing", "billing"]])
    #expect(inspection.table().contains("such as \"Billing\" and \"billing\""))
    #expect(inspection.table().contains("x\\nx"))
  }
}
