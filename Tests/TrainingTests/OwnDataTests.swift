import Datasets
import Evaluation
import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch
import Training

/// Training from a program: data in memory, a loss that it defines, progress as values.
@Suite struct OwnDataTests {
  private let folder: TemporaryFolder
  private let run: RunFolder

  init() throws {
    folder = try TemporaryFolder()
    run = RunFolder(path: folder.file("run"))
  }

  private static let causes = ["printing": "the printer is jammed", "network": "no connection"]

  private static func data() throws -> Dataset {
    let lines = (0..<40).flatMap { number in
      causes.sorted { $0.key < $1.key }.map { ("Since \(number) o'clock \($0.value)", [$0.key]) }
    }
    return try Dataset(texts: lines.map(\.0), labels: lines.map(\.1), name: "tickets")
  }

  private static func settings(_ loss: TrainingLoss? = nil) -> TrainingConfiguration {
    var settings = TrainingConfiguration(loop: TrainingLoop(epochs: 3), threads: 1)
    settings.model.encoder.dimension = 16
    if let loss { settings.loss = loss }
    return settings
  }

  @Test func `trains on texts in memory, and predicts from the folder`() throws {
    let record = try Trainer(Self.data(), folder: run, configuration: Self.settings()).run()
    #expect(record.dataset == "tickets" && record.documents == 80 && record.labels == 2)
    #expect(record.decantVersion == DecantVersion.current)
    let model = try TrainedModel(folder: run)
    let texts = ["the printer makes a noise", "a connection is missing"]
    let best = try model.predict(texts, k: 1).map { $0.labels[0].id }
    #expect(best == ["printing", "network"])
    let report = try model.evaluate(
      on: Dataset(texts: texts, labels: [["printing"], ["network"]]))
    #expect(report.documents == 2 && report.metrics["P@1"] == 100)
    let error = #expect(throws: InputError.self) { try model.evaluate() }
    #expect(error?.reason.contains("data in memory (tickets)") == true)
  }

  @Test func `without settings, defaults follow from the data`() throws {
    // No word is in two texts.
    let data = try Dataset(
      texts: ["the printer is jammed", "no connection"], labels: [["printing"], ["network"]])
    var notes: [String] = []
    let record = try Trainer(data, folder: run).run {
      if case .note(let text) = $0 { notes.append(text) }
    }
    let chosen = try #require(record.chosenDefaults).map { "\($0.setting) \($0.value)" }
    #expect(chosen.contains("features.minimumDocumentCount 1"), "\(chosen)")
    #expect(chosen.contains("loop.epochs 20"), "\(chosen)")
    #expect(notes.contains { $0.contains("minimumDocumentCount 1 (fewer than 20 documents)") })
    let model = try TrainedModel(folder: run)
    #expect(model.configuration.features.minimumDocumentCount == 1)
    #expect(try model.predict(["a jammed tray"], k: 1)[0].labels[0].id == "printing")
    // The finished run keeps its settings.
    #expect(throws: InputError.self) { try Trainer(data, folder: run).run() }
    try Trainer(data, folder: run).run(resuming: true)
    #expect(try run.readConfiguration() == model.configuration)
  }

  @Test func `calibration reads the settings that followed from the data`() throws {
    let data = try Self.data()
    let record = try Trainer(data, folder: run).run()
    #expect(record.chosenDefaults?.contains { $0.setting == "loop.epochs" } == true)
    let (calibration, _) = try Trainer(data, folder: run).calibrate()
    #expect(calibration.documents > 0)
  }

  @Test func `refuses to continue on other texts`() throws {
    let trainer = try Trainer(Self.data(), folder: run, configuration: Self.settings())
    var steps = 0
    #expect(throws: TrainingError.self) {
      try trainer.run(isInterrupted: {
        steps += 1; return steps > 1
      })
    }
    let other = try Dataset(texts: ["another text", "a text"], labels: [["a"], ["b"]])
    let error = #expect(throws: InputError.self) {
      try Trainer(other, folder: run, configuration: Self.settings()).run(resuming: true)
    }
    #expect(error?.reason.contains("has changed") == true)
    #expect(try trainer.run(resuming: true).documents == 80)
  }

  @Test func `reports progress as values`() throws {
    var settings = Self.settings()
    settings.loop.patience = 2
    var events: [TrainingProgress] = []
    let trainer = try Trainer(Self.data(), folder: run, configuration: settings)
    let record = try trainer.run { events.append($0) }
    let epochs = events.compactMap { event -> EpochRecord? in
      guard case .finishedEpoch(let epoch, of: 3) = event else { return nil }
      return epoch
    }
    #expect(try epochs == run.readMetrics())
    #expect(epochs.count == record.lastEpoch)
    var steps: [(done: Int, total: Int, loss: Double?)] = []
    var notes: [String] = []
    for event in events {
      switch event {
      case .advanced("epoch 1/3", let done, let total, "documents", let loss):
        steps.append((done, total, loss))
      case .note(let text): notes.append(text)
      default: break
      }
    }
    let last = try #require(steps.last)
    #expect(last.done == last.total && last.total == record.documents)
    #expect(last.loss?.isFinite == true)
    #expect(notes.contains { $0.contains("2 labels") })
  }

  @Test(arguments: [false, true]) func `trains with a loss that the program defines`(hasWide: Bool)
    throws
  {
    var settings = Self.settings(TrainingLoss(FocalLoss(focus: 1.5)))
    if hasWide { settings.model.wide = .init(maximumDocumentShare: 1) }
    try Trainer(Self.data(), folder: run, configuration: settings).run()
    let model = try TrainedModel(folder: run)
    #expect(model.configuration.loss.name == "FocalLoss")
    let loss = try #require(model.configuration.loss.value as? UnknownLoss)
    #expect(loss.name == "FocalLoss" && loss.temperature == 1)
    let stored = try String(contentsOfFile: run.configuration, encoding: .utf8)
    #expect(stored.contains(#""settings" : "{\"focus\": 1.5, \"temperature\": 1}""#), "\(stored)")
    #expect(try model.predict(["the printer"], k: 1)[0].labels[0].id == "printing")
    // A program without the loss says so when it is to train.
    var other = Self.settings(TrainingLoss(loss))
    other.model.wide = settings.model.wide
    let error = #expect(throws: ValueError.self) {
      try Trainer(
        Self.data(), folder: RunFolder(path: folder.file("other")), configuration: other
      ).run()
    }
    #expect(error?.reason.contains("FocalLoss belongs to the program") == true)
  }

  @Test func `a defined loss equals the library's in value and weights`() throws {
    var models: [[[Double]]] = []
    for loss in [
      TrainingLoss(BinaryCrossEntropyLoss(temperature: 1)), TrainingLoss(OwnCrossEntropy()),
    ] {
      var settings = Self.settings(loss)
      settings.model.wide = .init(maximumDocumentShare: 1)
      settings.precision = .float32
      let run = RunFolder(path: folder.file(loss.name))
      try Trainer(Self.data(), folder: run, configuration: settings).run()
      let weights = try SafetensorsFile(path: run.model).tensors()
      models.append(
        weights.sorted { $0.key < $1.key }.map { $0.value.converted(to: .float64).doubles() })
    }
    #expect(models[0].count == models[1].count)
    for (first, second) in zip(models[0], models[1]) { expectClose(first, second, tolerance: 2e-3) }
  }
}

/// The cross-entropy with less weight for cells that are right already (Lin and others, 2017).
private struct FocalLoss: LossOverScores {
  var temperature = 1.0
  var focus = 2.0

  func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    let signs = positives.dense() * 2 - 1
    let logRight = (scores * signs).logSigmoid()
    return -((1 - logRight.exp()).power(focus) * logRight).sum()
      * (1 / Double(scores.size(along: 0)))
  }
}

/// The same loss as `BinaryCrossEntropyLoss`, by the score matrix.
private struct OwnCrossEntropy: LossOverScores {
  var temperature = 1.0

  func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    try BinaryCrossEntropyLoss()(scores: scores, positives: positives)
  }
}
