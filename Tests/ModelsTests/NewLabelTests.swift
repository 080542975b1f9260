import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch
import Training

@testable import Models

/// Labels that a finished model learns of by their texts.
@Suite struct NewLabelTests {
  private let folder: TemporaryFolder
  private let data: String
  private static let count = SmallDataset.labelCount

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(
    _ name: String, _ labels: DualEncoder.LabelSource,
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> TrainedModel {
    let run = RunFolder(path: folder.file(name))
    var settings = TrainingConfiguration(
      dataset: data, model: .init(encoder: .init(dimension: 16), labels: labels),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1, learningRate: 0.05),
      loop: TrainingLoop(epochs: 5), seed: 1, threads: 1)
    settings.precision = .float32
    change(&settings)
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    return try TrainedModel(folder: run)
  }

  private static func text(of label: Int) -> String {
    (0..<4).map { SmallDataset.word(of: label, $0) }.joined(separator: " ")
  }

  private static let texts = SmallDataset().rows.prefix(40).map(\.text)

  private func scores(_ model: TrainedModel) throws -> [[String: Double]] {
    try model.predict(Self.texts, k: model.labelIDs.count).map { prediction in
      Dictionary(uniqueKeysWithValues: prediction.labels.map { ($0.id, $0.score) })
    }
  }

  /// The direction and length of a vector.
  private func unit(_ vector: [Double]) -> [Double] {
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { $0 / length }
  }

  /// The documented vector of a label whose text has the embedding `text`, by loops over all labels:
  /// there are fewer than a hundred.
  private func expected(_ text: [Double], _ known: [[Double]]) -> [Double] {
    let direction = unit(text)
    var similar = [Double](repeating: 0, count: text.count)
    var length = 0.0
    for vector in known {
      let cosine = zip(direction, unit(vector)).map(*).reduce(0, +)
      for place in similar.indices { similar[place] += exp(cosine / 0.1) * vector[place] }
      length += vector.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(known.count)
    }
    return unit(zip(direction, unit(similar)).map(+)).map { $0 * length }
  }

  /// A known label whose vector is the embedding of its text.
  @Test(arguments: [true, false])
  func `a new label's vector joins its text and similar labels`(sharing: Bool) throws {
    let model = try train("run", .text) { $0.model.sharesEncoder = sharing }
    let values = model.scorer.labelVectors.doubles()
    let known = (0..<Self.count).map { Array(values[16 * $0..<16 * ($0 + 1)]) }
    let place = try #require(model.labelIDs.firstIndex(of: "label4"))
    let twin = TrainedModel.NewLabel(id: "twin", text: Self.text(of: 4))
    let vector = expected(known[place], known)
    let added = try model.vectors(of: [twin])
    expectClose(added.embeddings.doubles(), vector, tolerance: 1e-4)

    let grown = try model.adding([.init(id: "first", text: Self.text(of: 2))]).adding([twin])
    #expect(grown.labelIDs == model.labelIDs + ["first", "twin"])
    // Labels that were added before do not change it.
    expectClose(
      Array(grown.scorer.labelVectors.doubles().suffix(16)), vector, tolerance: 1e-4)
    // What was known is scored as before.
    let before = try scores(model)
    for (row, after) in try scores(grown).enumerated() {
      for id in model.labelIDs {
        expectClose(after[id] ?? .nan, before[row][id] ?? .nan, tolerance: 1e-5, id)
      }
    }
  }

  @Test func `a new label's bias is that of the mean frequency of labels in use`() throws {
    // Two labels more, which have few documents and do not count.
    var rows = SmallDataset().rows.prefix(200).map { ($0.text, $0.labels) }
    rows += (0..<4).map { ("rare word\($0)", ["rare\($0 / 2)"]) }
    let lines = try rows.map { text, labels in
      try String(
        decoding: JSONEncoder().encode(Row(text: text, labels: labels)), as: UTF8.self) + "\n"
    }
    let file = try folder.write(lines.joined(), to: "rare.jsonl")
    let model = try train("run", .both) { $0.dataset = file }
    let counts = try JSONDecoder().decode(
      [Int].self, from: Data(contentsOf: URL(filePath: model.folder.counts)))
    let biases = try #require(model.labelBiases).doubles()
    var (sum, used) = (0.0, 0)
    for (bias, count) in zip(biases, counts) where count >= 5 {
      sum += exp(bias)
      used += 1
    }
    #expect(used > 0 && used < counts.count)
    let added = try model.vectors(of: [.init(id: "new", text: Self.text(of: 7))])
    expectClose(try #require(added.biases).doubles(), [log(sum / Double(used))], tolerance: 1e-5)
  }

  private struct Row: Encodable {
    var text: String
    var labels: [String]
  }

  @Test func `a label added to free labels is found by its words`() throws {
    let model = try train("run", .free) { $0.model.wide = .init(maximumDocumentShare: 0.5) }
    let grown = try model.averaged(with: [train("other", .free)])
      .adjusted(byLogPrior: 0.1)
      .adding([.init(id: "new", text: Self.text(of: 7))])
    let places = try zip(SmallDataset().rows.prefix(40), grown.predict(Self.texts, k: 100)).map {
      row, prediction in
      #expect(prediction.labels.count == Self.count + 1)
      return (
        isSeven: row.labels.contains("label7"),
        place: Double(try #require(prediction.labels.firstIndex { $0.id == "new" }))
      )
    }
    func mean(_ places: [Double]) -> Double { places.reduce(0, +) / Double(places.count) }
    let with = mean(places.filter(\.isSeven).map(\.place))
    let without = mean(places.filter { !$0.isSeven }.map(\.place))
    #expect(with < without - 5, "\(with) against \(without)")
  }

  @Test func `removing labels undoes adding them`() throws {
    let model = try train("run", .both) { $0.model.wide = .init(maximumDocumentShare: 0.5) }
      .averaged(with: [train("other", .both)]).adjusted(byLogPrior: 0.1)
    let new = (0..<3).map { TrainedModel.NewLabel(id: "new\($0)", text: Self.text(of: $0)) }
    let grown = try model.adding(new)
    let rest = try grown.removing(["new1"])
    #expect(rest.labelIDs == model.labelIDs + ["new0", "new2"])
    #expect(rest.labelText(at: Self.count + 1) == new[2].text)
    let (before, all, after) = (try scores(model), try scores(grown), try scores(rest))
    for row in after.indices {
      #expect(after[row] == all[row].filter { $0.key != "new1" })
    }
    #expect(try scores(rest.removing(["new0", "new2"])) == before)
    for ids in [["label3"], ["new1"], ["new0", "nobody"]] as [Set<String>] {
      #expect(throws: ValueError.self) { try rest.removing(ids) }
    }
    #expect(try model.removing([]).labelIDs == model.labelIDs)
  }

  @Test func `rejects duplicate and unknown labels`() throws {
    let model = try train("run", .free)
    for (labels, words) in [
      ([TrainedModel.NewLabel(id: "label3", text: "word1x1")], "label3"),
      ([.init(id: "a", text: "word1x1"), .init(id: "a", text: "word1x1")], "\"a\""),
      ([.init(id: "b", text: "zzzz qqqq")], "knows no word"),
      ([.init(id: "c", text: "")], "knows no word"),
    ] {
      let error = #expect(throws: InputError.self) { try model.adding(labels) }
      #expect(error?.description.contains(words) == true, "\(error as Any)")
    }
    #expect(try model.adding([]).labelIDs == model.labelIDs)
  }
}
