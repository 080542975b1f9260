import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@testable import Models
@testable import Training

/// Trainers that find a run where they want to write.
@Suite struct FinishedRunTests {
  private let folder: TemporaryFolder
  private let run: RunFolder

  init() throws {
    folder = try TemporaryFolder()
    run = RunFolder(path: folder.file("run"))
  }

  private func trainer(choice: DataChoice = DataChoice()) -> Trainer {
    var settings = TrainingConfiguration(dataset: "made", threads: 1)
    settings.model.encoder.dimension = 8
    settings.loop = TrainingLoop(epochs: 1)
    return Trainer(
      settings, folder: run, decantVersion: "test", choice: choice,
      dataset: madeDataset(60, labels: 3))
  }

  @Test func `a run that another process finished meanwhile is kept`() throws {
    _ = try trainer().run(resuming: false)
    let before = try names(in: run.path).map { try contents("\(run.path)/\($0)") }
    // The command looks for a finished run before its pilots; this one was finished during them.
    let error = #expect(throws: InputError.self) { try trainer().run(resuming: false) }
    #expect(error?.reason == "another process has finished a run here")
    #expect(error?.file == run.path)
    #expect(try names(in: run.path).map { try contents("\(run.path)/\($0)") } == before)
  }

  @Test func `the cost of choosing defaults is recorded`() throws {
    let choice = DataChoice(
      defaults: [ChosenDefault(setting: "loop.epochs", value: "1", reason: "a test")],
      pilotCPUSeconds: 1.5)
    #expect(throws: TrainingError.self) {
      try trainer(choice: choice).run(resuming: false) { true }
    }
    // The process that continues knows it from the folder.
    let record = try trainer().run(resuming: true)
    #expect(record.pilotCPUSeconds == 1.5 && record.chosenDefaults == choice.defaults)
    #expect(try TrainedModel(folder: run).record == record)
  }

  @Test func `defaults that an older version chose are read`() throws {
    try folder.write(#"[{"setting":"a","value":"1","reason":"b"}]"#, to: "defaults.json")
    let read = try run.read(DataChoice.self, from: folder.file("defaults.json"))
    #expect(read.defaults.map(\.setting) == ["a"] && read.pilotCPUSeconds == nil)
    try folder.write("{}", to: "defaults.json")
    #expect(throws: InputError.self) {
      try run.read(DataChoice.self, from: folder.file("defaults.json"))
    }
  }
}
