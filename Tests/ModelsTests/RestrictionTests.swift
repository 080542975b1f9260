import Datasets
import Evaluation
import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Models
@testable import Training

/// Rankings of some of a model's labels.
@Suite struct RestrictionTests {
  private let folder: TemporaryFolder
  private let model: TrainedModel
  private static let texts = SmallDataset().rows.prefix(12).map(\.text)

  init() throws {
    folder = try TemporaryFolder()
    let data = try SmallDataset().write(
      to: folder.file("data"), parts: ["train", "validation", "test"])
    let run = RunFolder(path: folder.file("run"))
    let settings = TrainingConfiguration(
      dataset: data, model: .init(encoder: .init(dimension: 16)),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1, learningRate: 0.05),
      loop: TrainingLoop(epochs: 4, patience: 2), seed: 1, threads: 1)
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    model = try TrainedModel(folder: run)
  }

  private func ids(_ predictions: [TrainedModel.Prediction]) -> [[String]] {
    predictions.map { $0.labels.map(\.id) }
  }

  @Test func `ranks the labels that are left as in the whole ranking`() throws {
    let whole = try model.predict(Self.texts, k: SmallDataset.labelCount)
    for restriction in [
      LabelRestriction(only: ["label3", "label7", "label11"]),
      LabelRestriction(except: ["label3", "label0"]),
      LabelRestriction(only: ["label1", "label2"], except: ["label2"]),
    ] {
      let found = try model.restricted(to: restriction).predict(Self.texts, k: 4)
      for (found, whole) in zip(found, whole) {
        #expect(found.labels == Array(whole.labels.filter { restriction.allows($0.id) }.prefix(4)))
      }
    }
    let mean = try model.averaged(with: [model]).restricted(to: .init(only: ["label5"]))
    #expect(try ids(mean.predict(Self.texts, k: 3)).allSatisfy { $0 == ["label5"] })
    #expect(
      try ids(mean.restricted(to: .init()).predict(Self.texts, k: 3))
        == ids(
          model.predict(Self.texts, k: 3)))
  }

  @Test(arguments: RunCalibration.Method.allCases.filter { $0 != .softmax })
  func `probabilities and decisions do not change`(method: RunCalibration.Method) throws {
    let calibration = try model.calibrate(.init(method: method)).calibration
    let restriction = LabelRestriction(except: ["label1", "label4", "label9"])
    let some = try model.restricted(to: restriction)
    for choice in [.likeliest(50), .tuned, .atLeast(0.2)] as [TrainedModel.LabelChoice] {
      let whole = try model.predict(Self.texts, by: calibration, choosing: choice)
      let found = try some.predict(Self.texts, by: calibration, choosing: choice)
      for (found, whole) in zip(found, whole) {
        let wanted = whole.labels.filter { restriction.allows($0.id) }
        #expect(found.labels.map(\.id) == wanted.map(\.id))
        expectClose(
          found.labels.map { $0.probability ?? .nan }, wanted.map { $0.probability ?? .nan })
      }
    }
    let (report, all) = (try some.evaluate(split: .test), try model.evaluate(split: .test))
    let (assigned, wanted) = (
      try some.assign(report, by: calibration), try model.assign(all, by: calibration)
    )
    for row in 0..<assigned.rowCount {
      let kept = wanted.columns(ofRow: row).filter { restriction.allows(model.labelIDs[Int($0)]) }
      #expect(Array(assigned.columns(ofRow: row)) == kept)
    }
  }

  @Test(arguments: RunCalibration.Method.allCases.filter { $0 != .softmax })
  func `a label that is added moves no other label's probability`(
    method: RunCalibration.Method
  ) throws {
    let calibration = try model.calibrate(.init(method: method)).calibration
    let text = (0..<4).map { SmallDataset.word(of: 3, $0) }.joined(separator: " ")
    let grown = try model.adding([.init(id: "new", text: text)])
    func answers(_ model: TrainedModel) throws -> [[String: Double]] {
      try model.predict(Self.texts + [text], by: calibration, choosing: .likeliest(50)).map {
        Dictionary(uniqueKeysWithValues: $0.labels.map { ($0.id, $0.probability ?? .nan) })
      }
    }
    for (before, after) in zip(try answers(model), try answers(grown)) {
      var after = after
      let new = after.removeValue(forKey: "new") ?? -1
      #expect(0...1 ~= new)
      #expect(Set(after.keys) == Set(before.keys))
      for (label, probability) in before { expectClose(after[label] ?? .nan, probability) }
    }
    #expect(try answers(grown)[Self.texts.count]["new"] ?? 0 > 0.1)
  }

  @Test func `a softmax over all labels keeps its probabilities`() {
    let scaling = SoftmaxTemperature(temperature: 0.7)
    let all = [2.0, 1.5, -3, 0]
    expectClose(scaling([1.5, 0], among: all), [scaling(all)[1], scaling(all)[3]])
  }

  @Test func `evaluation leaves out the labels that are not ranked`() throws {
    let restriction = LabelRestriction(only: Set((0..<10).map { "label\($0)" }))
    let report = try model.restricted(to: restriction).evaluate(split: .test)
    let whole = try model.evaluate(split: .test)
    #expect(report.truth.entryCount < whole.truth.entryCount)
    #expect(report.truth.columns.allSatisfy { restriction.allows(model.labelIDs[Int($0)]) })
    #expect(report.notes.contains { $0.contains("10 labels of 20 are ranked") })
    let found = try #require(report.metrics["R@100"])
    #expect(found == 100)
  }

  @Test func `refuses a restriction that leaves no label, and ranks labels added later`() throws {
    let none = LabelRestriction(only: ["label1"], except: ["label1"])
    #expect(throws: ValueError.self) { try model.restricted(to: none) }
    let grown = try model.restricted(to: .init(only: ["label1"]))
      .adding([.init(id: "new", text: SmallDataset.word(of: 3, 0))])
    #expect(Set(try ids(grown.predict(Self.texts, k: 9))[0]) == ["label1", "new"])
  }
}
