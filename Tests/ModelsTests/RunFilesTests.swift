import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch
import Training

/// A run's files are tied together by the checksums in its record.
@Suite struct RunFilesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Two runs on the same data that differ in their seeds.
  private func train(
    _ name: String, seed: UInt64, patience: Int? = nil, stopsAtOnce: Bool = false
  ) throws -> RunFolder {
    let data = folder.file("data")
    if !FileManager.default.fileExists(atPath: data) {
      try SmallDataset(documents: 120).write(to: data, parts: ["train", "validation", "test"])
    }
    var settings = TrainingConfiguration(dataset: data, threads: 1)
    settings.model.encoder.dimension = 8
    settings.optimization.batchSize = 32
    settings.loop = TrainingLoop(epochs: 1, patience: patience)
    settings.seed = seed
    let run = RunFolder(path: folder.file(name))
    let trainer = Trainer(settings, folder: run, decantVersion: "test")
    if stopsAtOnce {
      #expect(throws: TrainingError.self) { try trainer.run(resuming: false) { true } }
    } else {
      _ = try trainer.run(resuming: run.has(run.checkpoint))
    }
    return run
  }

  private func copy(_ name: String, from source: RunFolder, to target: RunFolder) throws {
    // In place, as cp does it.
    try contents("\(source.path)/\(name)").write(to: URL(filePath: "\(target.path)/\(name)"))
  }

  @Test func `rejects any flipped bit and names the file`() throws {
    let run = try train("run", seed: 1)
    _ = try TrainedModel(folder: run)
    for name in try names(in: run.path) where name != "metrics.jsonl" {
      let path = "\(run.path)/\(name)"
      let whole = try contents(path)
      for place in [0, 13, whole.count / 3, whole.count / 2, whole.count - 4] {
        var damaged = whole
        damaged[place] ^= 1
        try damaged.write(to: URL(filePath: path))
        let error = #expect(throws: InputError.self, "\(name) at \(place)") {
          _ = try TrainedModel(folder: run).labelCounts()
        }
        #expect(error?.file == path, "\(String(describing: error))")
      }
      try whole.write(to: URL(filePath: path))
    }
    var damaged = try contents(run.metrics)
    damaged[damaged.count / 2] ^= 1
    try damaged.write(to: URL(filePath: run.metrics))
    #expect(throws: InputError.self) { try run.readMetrics() }
  }

  @Test func `rejects files of two runs`() throws {
    let (one, two) = (try train("one", seed: 1), try train("two", seed: 2))
    for name in ["model.safetensors", "embeddings.safetensors", "run.json", "configuration.json"] {
      let whole = try contents("\(one.path)/\(name)")
      try copy(name, from: two, to: one)
      #expect(throws: InputError.self) { try TrainedModel(folder: one) }
      try whole.write(to: URL(filePath: "\(one.path)/\(name)"))
    }
    for name in try names(in: two.path) { try copy(name, from: two, to: one) }
    #expect(try TrainedModel(folder: one).configuration.seed == 2)
  }

  @Test func `a model detects replaced files`() throws {
    let (one, two) = (try train("one", seed: 1), try train("two", seed: 2))
    let model = try TrainedModel(folder: one)
    let before = try model.predict(["word1x1 word2x2"], k: 5)
    #expect(model.isCurrent)
    try writeAtomically("a page", to: one.path + "/report.html")
    #expect(model.isCurrent)
    try copy("model.safetensors", from: two, to: one)
    #expect(!model.isCurrent)
    // The copies in memory are those of the old run, whatever lies in the folder.
    #expect(try model.predict(["word1x1 word2x2"], k: 5) == before)
    #expect(throws: InputError.self) { try TrainedModel(folder: one) }
    for name in try names(in: two.path) { try copy(name, from: two, to: one) }
    #expect(try TrainedModel(folder: one).isCurrent)
  }

  @Test func `rejects resuming from a damaged checkpoint`() throws {
    let run = try train("run", seed: 1, stopsAtOnce: true)
    let whole = try contents(run.checkpoint)
    for place in [whole.count / 2, whole.count - 1] {
      var damaged = whole
      damaged[place] ^= 1
      try damaged.write(to: URL(filePath: run.checkpoint))
      let error = #expect(throws: InputError.self) { try train("run", seed: 1) }
      #expect(error?.file == run.checkpoint)
    }
    try whole.write(to: URL(filePath: run.checkpoint))
    #expect(try train("run", seed: 1).isComplete)
  }

  @Test func `rejects a damaged or foreign calibration`() throws {
    let one = try train("one", seed: 1, patience: 1)
    let two = try train("two", seed: 2, patience: 1)
    for run in [one, two] { _ = try TrainedModel(folder: run).calibrate() }
    let whole = try contents(one.calibration)
    var damaged = whole
    damaged[whole.count / 2] ^= 1
    for content in [damaged, try contents(two.calibration)] {
      try content.write(to: URL(filePath: one.calibration))
      let error = #expect(throws: InputError.self) {
        try TrainedModel(folder: one).calibration()
      }
      #expect(error?.file == one.calibration)
    }
    try whole.write(to: URL(filePath: one.calibration))
    #expect(try TrainedModel(folder: one).calibration() != nil)
  }

  @Test func `runs without checksums are opened`() throws {
    let run = try train("run", seed: 1)
    let sealed = try TrainedModel(folder: run).predict(["word1x1"], k: 3)
    try unseal(run.path)
    #expect(try TrainedModel(folder: run).predict(["word1x1"], k: 3) == sealed)
    // A damaged name must not pass for an old record.
    let record = try String(contentsOfFile: run.record, encoding: .utf8)
    try writeAtomically(
      record.replacing(
        "{\"", with: "{\"sebl\":{\"files\":{},\"sum\":\"0\"},\"", maxReplacements: 1),
      to: run.record)
    let error = #expect(throws: InputError.self) { try TrainedModel(folder: run) }
    #expect(error?.reason.contains("\"sebl\"") == true, "\(String(describing: error))")
  }

  @Test func `names the model file whose parameters do not fit`() throws {
    let run = try train("run", seed: 1)
    try unseal(run.path)
    let path = "\(run.path)/model.safetensors"
    let file = try SafetensorsFile(path: path)
    var tensors = try file.tensors().mapValues { $0.copied() }
    tensors["encoder.layers.7.bias"] = .zeros([8])
    try Safetensors.write(tensors, metadata: file.metadata, to: path)
    let error = #expect(throws: InputError.self) { try TrainedModel(folder: run) }
    #expect(error?.file == path, "\(String(describing: error))")
    #expect(error?.reason.contains("layers.7.bias") == true)
  }
}
