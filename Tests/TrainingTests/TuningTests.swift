import Datasets
import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing

@testable import Training

@Suite struct TuningTests {
  private let folder: TemporaryFolder
  private var log: String { folder.file("trials.jsonl") }

  init() throws { folder = try TemporaryFolder() }

  private func draft(_ change: (inout SettingsDraft) throws -> Void = { _ in }) throws
    -> SettingsDraft
  {
    var draft = SettingsDraft()
    draft.values["dataset"] = .string("made")
    draft.suggest(.number("1"), for: "loop.epochs")
    try change(&draft)
    return draft
  }

  private func tune(
    _ draft: SettingsDraft, on data: Dataset = madeDataset(900, labels: 6), budget: Double = 0.2
  ) throws -> Tuning.Result {
    try Tuning(
      data, start: draft, options: .init(budget: budget, workers: 2, log: log),
      decantVersion: "test"
    ).run()
  }

  @Test(arguments: [200, 201])
  func `a linear model is tried where its weights fit into memory`(labels: Int) throws {
    let moves = TuningMove.all(for: DataProfile(documents: 1000, labels: labels, pairs: 2000))
    let linear = moves.filter { $0.name == "linear model" }
    #expect(linear.count == (labels == 200 ? 1 : 0))
    for changes in linear.flatMap(\.alternatives) {
      var draft = SettingsDraft()
      draft.values["dataset"] = .string("made")
      for (path, value) in changes { draft.suggest(value, for: path) }
      let configuration = try draft.completed()
      #expect(configuration.loss.name == "binaryCrossEntropy")
      #expect(configuration.model.wide?.minimumPairCount == 0)
      #expect(configuration.model.encoder.dimension == 8)
    }
  }

  @Test func `a better trial without a second seed is named`() throws {
    func trial(_ changes: [String: String], _ seed: UInt64, _ score: Double) -> TuningTrial {
      TuningTrial(
        changes: changes, seed: seed, documents: 1, metrics: ["P@1": score, "nDCG@5": score],
        seconds: 1)
    }
    var result = try tune(draft())
    result.best = trial([:], 0, 60)
    let (tried, open) = (["loop.epochs": "2"], ["loop.epochs": "3"])
    result.trials = [result.best, trial(tried, 0, 90), trial(tried, 1, 40)]
    #expect(result.unconfirmed == nil)
    result.trials.append(trial(open, 0, 80))
    #expect(result.unconfirmed?.changes == open)
  }

  @Test func `every trial is kept and an old search is continued`() throws {
    let first = try tune(draft())
    #expect(first.isBudgetSpent)
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == first.trials.count + 1)
    let second = try tune(draft())
    #expect(second.trials == first.trials && second.configuration == first.configuration)
    let third = try tune(draft(), budget: first.trials.reduce(0.1) { $0 + $1.seconds })
    #expect(third.trials.starts(with: first.trials) && third.trials.count > first.trials.count)
  }

  @Test func `a smaller budget keeps the result of a larger one`() throws {
    let first = try tune(draft(), budget: 3)
    let second = try tune(draft(), budget: 0.1)
    #expect(second.trials == first.trials)
    #expect(second.best == first.best && second.configuration == first.configuration)
  }

  @Test(arguments: [
    (#""seconds":"#, #""seconds":-"#), (#""P@1":"#, #""P@1":1e9"#),
    (#""seed":0"#, #""seed":"x""#),
  ])
  func `a damaged trial is refused`(old: String, new: String) throws {
    _ = try tune(draft())
    let text = try String(contentsOfFile: log, encoding: .utf8)
    let damaged = text.replacing(old, with: new)
    #expect(damaged != text)
    try writeAtomically(damaged, to: log)
    #expect(throws: InputError.self) { try tune(draft()) }
  }

  @Test func `a validation part can be left out`() {
    var data = madeDataset(300, labels: 3)
    #expect(data.withoutValidation(carving: false).train.count == 300)
    let carved = data.withoutValidation(carving: true)
    #expect((250..<290).contains(carved.train.count))
    data.validation = data.train.selecting(rows: Array(0..<100))
    let rest = data.withoutValidation(carving: true)
    #expect(rest.train.documentIndices.map { $0 } == (100..<300).map(Int32.init))
  }

  @Test func `the best settings are at least as good as the start`() throws {
    let result = try tune(draft(), on: madeDataset(300, labels: 6), budget: 20)
    let scores = result.trials.filter { $0.seed == 0 }.map(\.score)
    #expect(result.best.score >= result.start.score)
    #expect(scores.contains(result.best.score))
    #expect(result.effects.contains { $0.name == "bounds of the scores" })
  }

  @Test func `a setting that was chosen is never changed`() throws {
    let setting = try #require(Setting.all.first { $0.path == "model.encoder.isNormalized" })
    let result = try tune(draft { try $0.set(setting, to: .init(.boolean(false))) })
    #expect(result.trials.allSatisfy { $0.changes[setting.path] == nil })
  }

  @Test func `a trial of few documents is judged on all of them`() throws {
    let trial = try #require(try tune(draft(), on: madeDataset(300, labels: 3)).trials.first)
    #expect((200..<280).contains(trial.documents))
    // Every document has one label of three, so the folds' precision at 5 is a fifth.
    #expect(abs((trial.metrics["P@5"] ?? 0) - 20) < 1e-9)
  }

  @Test func `a gain must exceed half a standard error`() throws {
    var search = TuningSearch(
      log: try TuningLog(path: log, data: "", start: "") { 10 }, budget: 1, draft: try draft())
    func add(_ changes: [String: String], _ score: Double, seeds: [UInt64] = [0, 1]) throws {
      for seed in seeds {
        try search.add(
          TuningTrial(
            changes: changes, seed: seed, documents: 10,
            metrics: ["P@1": score, "nDCG@5": score], seconds: 0))
      }
    }
    try add([:], 50)
    try add(["loop.epochs": "2"], 50.5)
    try add(["loop.epochs": "3"], 60, seeds: [0])
    // Half a standard error is 0.79 points of 1,000 documents and 0.35 of 5,000.
    #expect(!search.isBetter(["loop.epochs": "2"], judgedCount: 1000))
    #expect(search.isBetter(["loop.epochs": "2"], judgedCount: 5000))
    #expect(!search.isBetter(["loop.epochs": "3"], judgedCount: 5000))
  }

  @Test func `a loss keeps the temperature, and a group can be left out`() throws {
    let log = try TuningLog(path: log, data: "", start: "") { 10 }
    var search = TuningSearch(log: log, budget: 1, draft: try draft())
    search.current = try #require(
      try search.changes(with: [("loss.temperature", .number("4"))]))
    #expect(search.current == ["loss.decoupledSoftmax.temperature": "4"])
    let other = try #require(try search.changes(with: [("loss", .string("infoNCE"))]))
    #expect(other == ["loss": #""infoNCE""#, "loss.infoNCE.temperature": "4"])
    let loss = try search.draft(of: other).completed().loss
    #expect(loss.name == "infoNCE" && loss.temperature == 4)
    search.current = other
    #expect(
      try search.changes(with: [("loss", .string("decoupledSoftmax"))])
        == ["loss.decoupledSoftmax.temperature": "4"])
    #expect(
      try search.changes(with: [("loss.temperature", .number("2"))])?["loss.infoNCE.temperature"]
        == "2")
    #expect(try search.changes(with: [("model.wide.method", .null)]) == nil)
    let wide = try #require(try search.changes(with: [("model.wide.method", .string("adagrad"))]))
    #expect(try search.draft(of: wide).completed().model.wide?.method == .adagrad)
    search.current = wide
    #expect(try search.changes(with: [("model.wide.method", .null)]) == other)
  }

  @Test func `trials of other settings are refused`() throws {
    _ = try tune(draft())
    let error = #expect(throws: InputError.self) {
      try tune(draft { $0.suggest(.number("2"), for: "loop.epochs") })
    }
    #expect(error?.reason == "these trials are of other data or of other settings")
  }

  @Test(arguments: [
    "", "hello\n", "{}\n", #"{"data":"0","documents":0,"start":"{}"}"# + "\n",
    #"{"documents":4000,"start":""}"# + "\n",
  ])
  func `a strange file of trials is refused and stays`(text: String) throws {
    try writeAtomically(text, to: log)
    let error = #expect(throws: InputError.self) { try tune(draft()) }
    #expect(error?.file == log)
    #expect(try String(contentsOfFile: log, encoding: .utf8) == text)
  }

  @Test func `a trial of an unknown setting is refused`() throws {
    _ = try tune(draft())
    let text = try String(contentsOfFile: log, encoding: .utf8)
    let strange = text.replacing(
      "\"changes\":{", with: "\"changes\":{\"model.depth\":\"3\"", maxReplacements: 1)
    #expect(strange != text)
    try writeAtomically(strange, to: log)
    let error = #expect(throws: InputError.self) { try tune(draft()) }
    #expect(error?.line == 2 && error?.reason == "this is not a trial")
  }

  @Test func `only one search at a time uses a file of trials`() throws {
    var lock: TuningLock? = try TuningLock(log: log)
    let error = #expect(throws: FileError.self) { try TuningLock(log: log) }
    #expect(error?.code == EBUSY && error?.path == log)
    _ = try TuningLock(log: folder.file("other.jsonl"))
    withExtendedLifetime(lock) {}
    lock = nil
    #expect(try names(in: folder.path).isEmpty)
    _ = try TuningLock(log: log)
  }

  @Test func `too few documents are refused`() throws {
    let error = #expect(throws: InputError.self) {
      try tune(draft(), on: madeDataset(40, labels: 3))
    }
    #expect(error?.reason == "40 training documents are too few for a search")
    #expect(error?.file == "made")
  }

  @Test func `settings are read back from their file`() throws {
    var configuration = TrainingConfiguration(dataset: "/data/made", threads: 2)
    configuration.features.families = DefaultFamilies.shortTexts
    configuration.loop.epochs = 7
    let path = folder.file("settings.json")
    let text = try SettingsFile.text(of: configuration)
    #expect(!text.contains("threads"))
    try writeAtomically(text, to: path)
    var expected = configuration
    expected.threads = MachineShare.current.processors
    #expect(try SettingsFile(contentsOf: path).configuration == expected)
  }
}
