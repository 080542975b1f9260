import Storage
import Testing

@testable import Datasets

@Suite struct DatasetTests {
  private static let train = Split(
    documentIndices: MappedArray([0, 1, 2, 3]),
    labels: CSRMatrix(rows: [[0], [0, 1], [0, 2, 1], [0]], columnCount: 4))

  @Test func `statistics match counts by hand`() {
    let test = Split(
      documentIndices: MappedArray([4, 5]),
      labels: CSRMatrix(rows: [[0, 1, 2], []], columnCount: 4))
    let statistics = DatasetStatistics(
      train: Self.train, validation: Self.train.selecting(rows: [1]), test: test,
      droppedTestPairs: 3)
    #expect(statistics.trainDocuments == 4)
    #expect(statistics.validationDocuments == 1)
    #expect(statistics.testDocuments == 2)
    #expect(statistics.labels == 4)
    #expect(statistics.trainPairs == 7)
    #expect(statistics.testPairs == 3)
    #expect(statistics.droppedTestPairs == 3)
    #expect(statistics.labelsPerTrainDocument == 1.75)
    #expect(statistics.labelsPerTestDocument == 1.5)
    #expect(statistics.documentsPerLabelMean == 1.75)
    // Counts 4, 2, 1, 0.
    #expect(statistics.documentsPerLabelMedian == 1.5)
    #expect(statistics.documentsPerLabelMaximum == 4)
    #expect(statistics.shareOfLabelsWithAtMostFive == 1)
    #expect(statistics.shareOfLabelsWithOne == 0.25)
  }

  @Test func `statistics of an empty split are zero`() {
    let nothing = Split(
      documentIndices: MappedArray([]), labels: CSRMatrix(rows: [[Int]](), columnCount: 0))
    let statistics = DatasetStatistics(train: nothing)
    #expect(statistics.documentsPerLabelMedian == 0)
    #expect(statistics.labelsPerTrainDocument == 0)
  }

  @Test func `splits off the same validation part every time`() {
    let names = (0..<1000).map { "document \($0)" }
    let data = Dataset(
      documents: Documents(ids: TextColumn(names), content: .texts(TextColumn(names))),
      labels: Labels(ids: TextColumn(["l"])),
      train: Split(
        documentIndices: MappedArray((0..<1000).map { Int32(999 - $0) }),
        labels: CSRMatrix(rows: [[Int]](repeating: [0], count: 1000), columnCount: 1)),
      description: DatasetDescription(name: "d"))
    let carved = data.carvingValidation(percent: 20)
    let heldOut = carved.validation.map { Array($0.documentIndices) } ?? []
    #expect(
      heldOut
        == (0..<1000).reversed().map { Int32($0) }.filter {
          SplitBucket(of: names[Int($0)]).number < 20
        })
    // Four standard deviations of a binomial draw.
    #expect(abs(heldOut.count - 200) < 51)
    #expect(carved.train == data.train)
    let rest = carved.trainRowsOutsideValidation.map { data.train.documentIndices[$0] }
    #expect(Set(rest).isDisjoint(with: heldOut) && rest.count + heldOut.count == 1000)
    #expect(data.trainRowsOutsideValidation == Array(0..<1000))
  }
}
