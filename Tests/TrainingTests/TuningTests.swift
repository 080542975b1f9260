import Datasets
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Training

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
    _ draft: SettingsDraft, on data: Dataset = madeDataset(900, labels: 6), budget: Double = 1
  ) throws -> Tuning.Result {
    try Tuning(
      data, start: draft, options: .init(budget: budget, workers: 2, log: log),
      decantVersion: "test"
    ).run()
  }

  @Test func `every trial is kept and an old search is continued`() throws {
    let first = try tune(draft())
    #expect(first.isBudgetSpent)
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == first.trials.count + 1)
    let second = try tune(draft())
    #expect(second.trials == first.trials && second.configuration == first.configuration)
    let third = try tune(draft(), budget: 2)
    #expect(third.trials.starts(with: first.trials) && third.trials.count > first.trials.count)
  }

  @Test func `the best settings are at least as good as the start`() throws {
    let result = try tune(draft(), budget: 3)
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

  @Test func `trials of other settings are refused`() throws {
    _ = try tune(draft())
    let error = #expect(throws: InputError.self) {
      try tune(draft { $0.suggest(.number("2"), for: "loop.epochs") })
    }
    #expect(error?.reason == "these trials are of other data or of other settings")
  }

  @Test func `too few documents are refused`() throws {
    let error = #expect(throws: InputError.self) {
      try tune(draft(), on: madeDataset(100, labels: 3))
    }
    #expect(error?.reason == "100 training documents are too few for a search")
    #expect(error?.file == "made")
  }

  @Test func `settings are read back from their file`() throws {
    var configuration = TrainingConfiguration(dataset: "/data/made", threads: 2)
    configuration.features.families = TextFeatures.Configuration.shortTextFamilies
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
