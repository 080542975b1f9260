import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Training

@testable import Models

/// The texts of labels, which a run stores for its answers.
@Suite struct LabelTextsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func train(_ data: String) throws -> RunFolder {
    let run = RunFolder(path: folder.file("run"))
    let settings = TrainingConfiguration(
      dataset: data, model: .init(encoder: .init(dimension: 8)),
      optimization: .init(batchSize: 32, tableLearningRate: 0.1, learningRate: 0.05),
      loop: TrainingLoop(epochs: 1), seed: 1, threads: 1)
    _ = try Trainer(settings, folder: run, decantVersion: "test").run(resuming: false)
    return run
  }

  @Test func `labels of a prediction have their texts`() throws {
    let run = try train(SmallDataset().write(to: folder.file("data")))
    let model = try TrainedModel(folder: run)
    #expect(model.hasLabelTexts)
    let found = try model.predict(["word3x0"], k: 20)[0].labels
    for label in found {
      #expect(label.text?.hasPrefix("word\(label.id.dropFirst(5))x0 ") == true, "\(label)")
    }
    let grown = try model.adding([.init(id: "new", text: "word3x0 word3x1")])
    let all = try grown.predict(["word3x0"], k: 21)[0].labels
    #expect(all.first { $0.id == "new" }?.text == "word3x0 word3x1")
    #expect(all.filter { $0.id != "new" }.map(\.text) == found.map(\.text))
  }

  @Test func `keeps missing and unusual texts`() throws {
    let data = try SmallDataset().write(to: folder.file("data"))
    let lines = try String(contentsOfFile: "\(data)/labels.jsonl", encoding: .utf8)
      .split(separator: "\n").dropFirst(2)
    try writeAtomically(
      ([#"{"id":"label0"}"#, #"{"id":"label1","text":"a \"b\"\n\u0007é"}"#] + lines)
        .joined(separator: "\n") + "\n", to: "\(data)/labels.jsonl")
    let model = try TrainedModel(folder: try train(data))
    #expect(model.labelText(at: 0) == nil && model.labelText(at: 1) == "a \"b\"\n\u{7}é")
  }

  @Test func `runs without texts open`() throws {
    let run = try train(SmallDataset().writeSingleFile(to: folder.file("data.jsonl")))
    #expect(!run.has(run.labelTexts))
    let model = try TrainedModel(folder: run)
    #expect(!model.hasLabelTexts)
    #expect(try model.predict(["word3x0"], k: 1)[0].labels[0].text == nil)
  }

  @Test func `rejects damaged texts`() throws {
    let run = try train(SmallDataset().write(to: folder.file("data")))
    for (text, reason) in [
      ("[]", "checksum"), ("[\"a\"]", "1 texts; expected one for each of the 20"),
      ("{", "unexpected '{'"), ("[1]", "unexpected '1'; expected a text or null"),
    ] {
      try writeAtomically(text, to: run.labelTexts)
      if reason != "checksum" { try unseal(run.path) }
      let error = #expect(throws: InputError.self) { try TrainedModel(folder: run) }
      #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
      #expect(error?.file == run.labelTexts)
    }
    // Runs of before there was the file.
    unlink(run.labelTexts)
    #expect(try !TrainedModel(folder: run).hasLabelTexts)
  }
}
