import Foundation
import Models
import TestSupport
import Testing
import Torch
import Training

@Suite struct TransformerInterruptionTests {
  private let folder: TemporaryFolder
  private let run: RunFolder
  private let trainer: Trainer

  init() throws {
    folder = try TemporaryFolder()
    let lines = (0..<40).map { "{\"text\":\"red green\",\"labels\":[\"l\($0 % 2)\"]}\n" }
    let data = try folder.write(lines.joined(), to: "data.jsonl")
    let checkpoint = try TinyCheckpoint.write(
      to: folder.file("checkpoint"), words: ["red", "green"])
    run = RunFolder(path: folder.file("run"))
    trainer = Trainer(
      TrainingConfiguration(
        dataset: data, transformer: .init(checkpoint: checkpoint, maximumLength: 8),
        loop: TrainingLoop(epochs: 1), threads: 1),
      folder: run, decantVersion: "0")
  }

  @Test func `stopping while encoding texts leaves nothing`() throws {
    let error = #expect(throws: TrainingError.self) {
      try trainer.run(resuming: false, isInterrupted: { true })
    }
    guard case .interruptedWhilePreparing = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(!run.has(run.path))
    #expect(try folder.names() == ["checkpoint", "data.jsonl"])
  }

  @Test func `an interrupted run resumes`() throws {
    // Stopped before its first step, once everything is encoded.
    var questions = 0
    #expect(throws: TrainingError.self) {
      try trainer.run(resuming: false) {
        questions += 1
        return questions > 1
      }
    }
    #expect(run.has(run.checkpoint))
    // What was encoded is there: nothing is asked before the first step but by the loop.
    questions = 0
    let record = try trainer.run(resuming: true) {
      questions += 1
      return false
    }
    #expect(questions == 1 && record.documents > 20)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: run.path).sorted() == [
        "configuration.json", "counts.json", "dataset.json", "embeddings.safetensors",
        "labels.json",
        "metrics.jsonl", "model.safetensors", "run.json", "transformer",
      ])
  }
}
