import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch
import Training

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

  /// A new label with the text of a known one gets the known one's vector: only the bias differs.
  @Test(arguments: [true, false])
  func `a new label gets the vector of its text`(sharing: Bool) throws {
    let model = try train("run", .text) { $0.model.sharesEncoder = sharing }
    let grown = try model.adding([.init(id: "twin", text: Self.text(of: 4))])
    #expect(grown.labelIDs == model.labelIDs + ["twin"])
    let biases = try #require(model.labelBiases).array(of: Float.self)
    let place = try #require(model.labelIDs.firstIndex(of: "label4"))
    let median = biases.sorted()[biases.count / 2]
    let before = try scores(model)
    for (row, after) in try scores(grown).enumerated() {
      // What was known is scored as before.
      for id in model.labelIDs {
        expectClose(after[id] ?? .nan, before[row][id] ?? .nan, tolerance: 1e-5, id)
      }
      expectClose(
        after["twin"] ?? .nan, (after["label4"] ?? .nan) + Double(median - biases[place]),
        tolerance: 1e-4)
    }
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
