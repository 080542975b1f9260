import Datasets
import Storage
import Testing

@Suite struct RenumberingTests {
  @Test func `a model's labels come first, in its order`() throws {
    let labels = CSRMatrix(rows: [[0, 1], [2]], columnCount: 3)
    let dataset = Dataset(
      documents: Documents(
        ids: TextColumn(["a", "b"]), content: .texts(TextColumn(["one", "two"]))),
      labels: Labels(ids: TextColumn(["x", "y", "z"]), texts: TextColumn(["X", "", "Z"])),
      train: Split(documentIndices: MappedArray([0, 1]), labels: labels),
      description: DatasetDescription(name: "made"))
    let result = try dataset.puttingFirst(["z", "w", "x"], file: "run")
    #expect(result.labels.ids.map { $0 } == ["z", "w", "x", "y"])
    #expect(result.labels.texts?.map { $0 } == ["Z", "", "X", ""])
    #expect(Array(result.train.labels.columns(ofRow: 0)) == [2, 3])
    #expect(Array(result.train.labels.columns(ofRow: 1)) == [0])
    #expect(result.train.labels.columnCount == 4)
    // Again, nothing changes.
    let again = try result.puttingFirst(["z", "w", "x"], file: "run")
    #expect(again.train == result.train)
    #expect(throws: InputError.self) { try dataset.puttingFirst(["x", "x"], file: "run") }
  }

  @Test func `joined features count the documents of both`() throws {
    let settings = TextFeatures.Configuration(minimumDocumentCount: 1)
    let first = try TextFeatures(learningFrom: ["red green", "red"], configuration: settings)
    let second = try TextFeatures(learningFrom: ["red blue"], configuration: settings)
    let joined = try first.joined(with: second)
    let all = try TextFeatures(
      learningFrom: ["red green", "red", "red blue"], configuration: settings)
    #expect(Array(joined.vocabulary.hashes) == Array(all.vocabulary.hashes))
    #expect(
      Array(joined.vocabulary.documentFrequencies) == Array(all.vocabulary.documentFrequencies))
    #expect(joined.vocabulary.documentCount == 3)
  }
}
