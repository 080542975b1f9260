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
      found.leaks?.examples == [
        .init(test: "d4", train: "d0", similarity: 1),
        .init(test: "d5", train: "d2", similarity: 1),
      ])
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
    let found = LabelCooccurrence(rows, names: names, leastDocuments: 1)
    // a has 4 of 6 documents, b 2, both in 2; c has 2, one of them with a, fewer than by chance:
    // 2 · 6 / (4 · 2) and 1 · 6 / (4 · 2).
    #expect(found.pairs.map(\.labels) == [["a", "b"]])
    #expect(found.pairs.map(\.documents) == [2])
    #expect(found.pairs.map(\.lift) == [1.5])
    #expect(found.pairs.map(\.shareOfRarer) == [1])
    #expect(LabelCooccurrence(rows, names: names, leastDocuments: 2).pairs.count == 1)
    #expect(LabelCooccurrence(rows, names: names, leastDocuments: 5).pairs.isEmpty)
    let many = CSRMatrix(
      rows: [[Int]](repeating: Array(0..<201), count: 5), columnCount: 201)
    let wide = LabelCooccurrence(many, names: TextColumn((0..<201).map { "\($0)" }))
    #expect(wide.documentsLeftOut == 5 && wide.pairs.isEmpty)
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
