import Datasets
import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@testable import Models
@testable import Training

@Suite struct PretrainedStartTests {
  private let folder: TemporaryFolder
  private let data: String
  private let checkpoint: String

  init() throws {
    folder = try TemporaryFolder()
    let lines = (0..<60).map {
      "{\"text\":\"red \($0 % 2 == 0 ? "greens" : "blue") extra\($0)\",\"labels\":[\"l\($0 % 2)\"]}\n"
    }
    data = try folder.write(lines.joined(), to: "data.jsonl")
    checkpoint = try TinyCheckpoint.write(
      to: folder.file("checkpoint"), words: ["red", "green", "##s", "blue"])
  }

  /// A run whose table hardly moves.
  private func trainer(_ name: String, from start: String?, threads: Int = 1) -> Trainer {
    var model = DualEncoder.Configuration()
    model.encoder.dimension = 8
    var settings = TrainingConfiguration(
      dataset: data, model: model, startFrom: start,
      optimization: .init(tableLearningRate: 1e-9), loop: TrainingLoop(epochs: 1),
      threads: threads)
    settings.precision = .float32
    return Trainer(
      settings, folder: RunFolder(path: folder.file(name)), decantVersion: "0")
  }

  private func table(_ name: String) throws -> Tensor {
    try SafetensorsFile(path: RunFolder(path: folder.file(name)).model)
      .tensor(named: "encoder.table.weight")
  }

  @Test func `rows of known words are the encoder's, all others stay`() throws {
    let plain = try trainer("plain", from: nil).run(resuming: false)
    let record = try trainer("run", from: checkpoint).run(resuming: false)
    #expect(plain.start == nil)
    let hash = RunSeal.text(try CheckpointFolder(path: checkpoint).contentHash())
    #expect(
      record.start
        == PretrainedStart(encoder: "checkpoint", hash: hash, words: 3, knownWords: 3))
    // The vectors again, with the parts in other hands.
    let encoder = try SentenceEncoder(folder: checkpoint)
    let pieces = try encoder.pieces(of: ["red", "greens", "blue"])
    var blocks: [Tensor] = []
    try encoder.encode(pieces.distinct) { blocks.append($0) }
    let known = try encoder.wordVectors(
      of: pieces, outputs: .concatenated(blocks), dimension: 8)
    let expected = (known.vectors * (2.25 * 0.1 * 8.0.squareRoot())).doubles()

    let features = try TextFeatures(contentsOf: folder.file("run/vocabulary.bin"))
    let (before, after) = (try table("plain").doubles(), try table("run").doubles())
    var moved: Set<Int> = []
    for (place, word) in ["red", "greens", "blue"].enumerated() {
      let rows = features.words(in: [word]).flatMap(\.rows)
      #expect(rows.count == 2, "\(word)")
      for row in rows {
        moved.insert(row)
        for column in 0..<8 {
          expectClose(
            after[8 * row + column], expected[8 * place + column], tolerance: 1e-4)
        }
      }
    }
    #expect(features.vocabulary.count > moved.count)
    for row in 0..<features.vocabulary.count where !moved.contains(row) {
      #expect(
        (0..<8).allSatisfy { abs(before[8 * row + $0] - after[8 * row + $0]) < 1e-6 }, "row \(row)")
    }
  }

  @Test func `a finished run needs no encoder`() throws {
    _ = try trainer("run", from: checkpoint).run(resuming: false)
    try FileManager.default.removeItem(atPath: checkpoint)
    let model = try TrainedModel(folder: RunFolder(path: folder.file("run")), threads: 1)
    #expect(model.labelIDs.count == 2)
    #expect(!FileManager.default.fileExists(atPath: folder.file("run/start.json")))
  }

  @Test func `an interrupted run resumes without the encoder and with its record`() throws {
    let whole = try trainer("whole", from: checkpoint).run(resuming: false)
    let broken = trainer("broken", from: checkpoint)
    var questions = 0
    // One question while words are encoded, the next before the first step.
    #expect(throws: TrainingError.self) {
      try broken.run(resuming: false) {
        questions += 1
        return questions > 1
      }
    }
    #expect(broken.folder.has(broken.folder.checkpoint))
    try FileManager.default.removeItem(atPath: checkpoint)
    let resumed = try broken.run(resuming: true)
    #expect(resumed.start == whole.start)
    #expect(try table("broken").doubles() == table("whole").doubles())
  }

  @Test func `a folder without an encoder leaves no run`() throws {
    let run = trainer("run", from: folder.file("nothing"))
    #expect(throws: FileError.self) { try run.run(resuming: false) }
    #expect(!run.folder.has(run.folder.path))
    let other = try TinyCheckpoint.write(to: folder.file("other"), words: ["rouge"])
    let error = #expect(throws: InputError.self) {
      try trainer("run", from: other).run(resuming: false)
    }
    #expect(error?.description.contains("can split none of the 3 words") == true)
    #expect(!run.folder.has(run.folder.path))
  }

  @Test func `documents of features have no words`() throws {
    let path = folder.file("features")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let ids = (0..<4).map { "d\($0)" }
    _ = try folder.write(
      ids.map { "{\"id\":\"\($0)\",\"features\":{\"a\":1,\"b\":2}}\n" }.joined(),
      to: "features/documents.jsonl")
    _ = try folder.write("{\"id\":\"l\"}\n", to: "features/labels.jsonl")
    _ = try folder.write(
      ids.map { "{\"id\":\"\($0)\",\"labels\":[\"l\"]}\n" }.joined(), to: "features/train.jsonl")
    let error = #expect(throws: InputError.self) {
      try Trainer(
        TrainingConfiguration(dataset: path, startFrom: checkpoint, threads: 1),
        folder: RunFolder(path: folder.file("run")), decantVersion: "0"
      ).run(resuming: false)
    }
    #expect(error?.description.contains("features, which have no words") == true)
  }
}
