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

/// Texts in which a model recognises nothing.
@Suite struct UnknownTextTests {
  private let folder: TemporaryFolder
  private let data: String
  private static let known = SmallDataset().rows[0].text
  private static let texts = ["", "qwertz ???", known, "日本語"]

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(
      to: folder.file("data"), parts: ["train", "validation", "test"])
  }

  private func train(
    seed: UInt64 = 1, limit: Int? = nil, memory: DocumentMemoryConfiguration? = nil
  ) throws -> TrainedModel {
    let run = RunFolder(path: folder.file("run\(seed)"))
    var settings = TrainingConfiguration(
      dataset: data, model: .init(encoder: .init(dimension: 16)),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1, learningRate: 0.05),
      loop: TrainingLoop(epochs: 4, patience: 2), seed: seed, threads: 1)
    if let limit { settings.features.maximumWordCount = limit }
    settings.memory = memory
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    return try TrainedModel(folder: run)
  }

  @Test(arguments: [nil, DocumentMemoryConfiguration()])
  func `unknown texts have no labels`(memory: DocumentMemoryConfiguration?) throws {
    let model = try train(memory: memory)
    let found = try model.predict(Self.texts, k: 2)
    #expect(found.map(\.isKnown) == [false, false, true, false])
    #expect(found.map(\.labels.count) == [0, 0, 2, 0])
    // A mean of models knows what one of them knows.
    let mean = try model.averaged(with: [train(seed: 2)]).adjusted(byLogPrior: 0.3)
    let both = try mean.predict(Self.texts, k: 1)
    #expect(both.map(\.isKnown) == [false, false, true, false])
    #expect(both.map(\.labels.count) == [0, 0, 1, 0])
    let embedded = try model.embedded(Self.texts)
    #expect(embedded.isKnown == [false, false, true, false])
    let vectors = try model.embeddings(of: Self.texts).array(of: Float.self)
    #expect(embedded.vectors.array(of: Float.self) == vectors)
  }

  // A softmax is for one label a document.
  @Test(arguments: RunCalibration.Method.allCases.filter { $0 != .softmax })
  func `a calibration gives unknown texts no label`(method: RunCalibration.Method) throws {
    let model = try train()
    let calibration = try model.calibrate(.init(method: method)).calibration
    for choice in [.likeliest(3), .atLeast(0), .tuned] as [TrainedModel.LabelChoice] {
      let found = try model.predict(Self.texts, by: calibration, choosing: choice)
      #expect(found.map(\.isKnown) == [false, false, true, false], "\(choice)")
      for row in [0, 1, 3] { #expect(found[row].labels.isEmpty, "\(choice)") }
      #expect(choice == .tuned || !found[2].labels.isEmpty, "\(choice)")
      #expect(found[2].labels.allSatisfy { 0...1 ~= $0.probability ?? -1 })
    }
  }

  @Test func `unknown texts count as documents without a label`() throws {
    let model = try train()
    let calibration = try model.calibrate().calibration
    let plain = try model.evaluate(split: .test)
    #expect(plain.isKnown.allSatisfy { $0 } && plain.notes == [])
    // The same documents with one more, which is empty.
    for name in ["documents", "test"] {
      let path = data + "/\(name).jsonl"
      let line =
        name == "test"
        ? #"{"id":"empty","labels":["label0"]}"# : #"{"id":"empty","text":" "}"#
      try writeAtomically(try String(contentsOfFile: path, encoding: .utf8) + line + "\n", to: path)
    }
    let report = try model.evaluate(split: .test)
    #expect(report.isKnown.count { !$0 } == 1)
    #expect(report.notes.contains { $0.contains("the model recognises nothing in 1 of ") })
    let (before, after) = (
      try model.judge(plain, by: calibration), try model.judge(report, by: calibration)
    )
    #expect(after.decisions.microPrecision == before.decisions.microPrecision)
    #expect(after.decisions.microRecall < before.decisions.microRecall)
    #expect(abs(after.pairs.logLoss - before.pairs.logLoss) < 1e-5)
  }

  @Test func `marks truncated texts`() throws {
    let model = try train(limit: 6)
    let long = String(repeating: Self.known + " ", count: 3)
    let found = try model.predict([Self.known + " a b", long, ""], k: 1)
    #expect(found.map(\.isCut).suffix(2) == [true, false])
    #expect(try model.embedded([long]).isCut == [true])
  }
}
