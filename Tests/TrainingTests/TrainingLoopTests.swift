import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch
import Training

/// Fits y = w x + c by Adam on eight points; validation can be scripted.
private final class LineTask: TrainingTask {
  let parameters = [Tensor([0.0]).requiringGradient(), Tensor([0.0]).requiringGradient()]
  let optimizer: AdamW
  var criteria: [Double]
  var stepsTaken = 0
  var stopAfter = Int.max
  var poison = Int.max
  /// The weight after the last step; its loss does not show it.
  var lastWeight: Double?
  /// The name of each loss, relative to the one before.
  var growth = 0.0

  struct Stopped: Error {}

  init(criteria: [Double] = []) {
    optimizer = AdamW(parameters, .init(learningRate: 0.05))
    self.criteria = criteria
  }

  var exampleCount: Int { 8 }
  var stepsPerEpoch: Int { 4 }

  func step(at position: TrainingPosition, totalSteps: Int) throws -> (
    loss: Double, examples: Int
  ) {
    guard stepsTaken < stopAfter else { throw Stopped() }
    guard stepsTaken < poison else { return (.nan, 2) }
    stepsTaken += 1
    var random = SplitMix64(7, UInt64(position.epoch), UInt64(position.step))
    let x = Tensor(random.doubles(2))
    let loss = (parameters[0] * x + parameters[1] - (x * 3 + 1)).squared().mean()
    optimizer.clearGradients()
    try loss.backward()
    try optimizer.step()
    if let lastWeight, stepsTaken == totalSteps {
      withoutGradients { parameters[0].copyInPlace(from: Tensor([lastWeight])) }
    }
    return (loss.scalar + growth * Double(stepsTaken - 1), 2)
  }

  var epochsJudged = 0
  func validate() throws -> (metrics: [String: Double], criterion: Double)? {
    guard !criteria.isEmpty else { return nil }
    defer { epochsJudged += 1 }
    return (["score": criteria[epochsJudged]], criteria[epochsJudged])
  }

  var model: [String: Tensor] {
    ["w": parameters[0].detached(), "c": parameters[1].detached()]
  }
  var optimizerState: [String: Tensor] { optimizer.state }
  func restore(model: [String: Tensor], optimizerState: [String: Tensor]) throws {
    withoutGradients {
      parameters[0].copyInPlace(from: model["w"]!)
      parameters[1].copyInPlace(from: model["c"]!)
    }
    try optimizer.restore(optimizerState)
  }
}

@Suite struct TrainingLoopTests {
  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  @Test func `the loss falls and every epoch is recorded`() throws {
    let folder = try TemporaryFolder()
    let outcome = try TrainingLoop(epochs: 20).run(
      LineTask(), in: RunFolder(path: folder.path), resuming: false)
    #expect(outcome.history.map(\.epoch) == Array(1...20))
    #expect(outcome.history[19].loss < outcome.history[0].loss / 10)
    #expect(outcome.keptEpoch == 20)
    let lines = try String(contentsOfFile: folder.file("metrics.jsonl"), encoding: .utf8)
    #expect(lines.split(separator: "\n").count == 20)
  }

  @Test(arguments: [1, 3, 4, 5, 11, 19])
  func `an interrupted run resumes byte for byte`(stop: Int) throws {
    let folder = try TemporaryFolder()
    let undisturbed = RunFolder(path: folder.file("a"))
    let disturbed = RunFolder(path: folder.file("b"))
    try undisturbed.create()
    try disturbed.create()
    let loop = TrainingLoop(epochs: 5, checkpointInterval: 0)
    _ = try loop.run(LineTask(), in: undisturbed, resuming: false)

    let first = LineTask()
    first.stopAfter = stop
    #expect(throws: LineTask.Stopped.self) {
      try loop.run(first, in: disturbed, resuming: false)
    }
    let second = LineTask()
    _ = try loop.run(second, in: disturbed, resuming: true)
    #expect(second.stepsTaken == 20 - stop)
    #expect(try bytes(disturbed.model) == bytes(undisturbed.model))
    #expect(try bytes(disturbed.metrics) == bytes(undisturbed.metrics))
  }

  @Test(arguments: [0, 1, 4, 7, 8])
  func `an interruption leaves a checkpoint and loses nothing`(stop: Int) throws {
    let folder = try TemporaryFolder()
    let undisturbed = RunFolder(path: folder.file("a"))
    let disturbed = RunFolder(path: folder.file("b"))
    try undisturbed.create()
    try disturbed.create()
    let loop = TrainingLoop(epochs: 3, checkpointInterval: 1000)
    _ = try loop.run(LineTask(), in: undisturbed, resuming: false)

    let first = LineTask()
    let error = #expect(throws: TrainingError.self) {
      try loop.run(first, in: disturbed, resuming: false) { first.stepsTaken == stop }
    }
    #expect(error?.description.contains("--resume") == true)
    let second = LineTask()
    _ = try loop.run(second, in: disturbed, resuming: true)
    #expect(second.stepsTaken == 12 - stop)
    #expect(try bytes(disturbed.model) == bytes(undisturbed.model))
    #expect(try bytes(disturbed.metrics) == bytes(undisturbed.metrics))
  }

  @Test func `resuming without a checkpoint starts anew`() throws {
    let folder = try TemporaryFolder()
    let task = LineTask()
    _ = try TrainingLoop(epochs: 1).run(task, in: RunFolder(path: folder.path), resuming: true)
    #expect(task.stepsTaken == 4)
  }

  @Test func `keeps the best epoch and stops after patience`() throws {
    let folder = try TemporaryFolder()
    let task = LineTask(criteria: [0.1, 0.5, 0.4, 0.5, 0.9])
    let outcome = try TrainingLoop(epochs: 5, patience: 2).run(
      task, in: RunFolder(path: folder.path), resuming: false)
    #expect(outcome.keptEpoch == 2)
    #expect(outcome.history.count == 4)
    #expect(outcome.history[1].validation == ["score": 0.5])

    let shorter = LineTask()
    let reference = try TemporaryFolder()
    _ = try TrainingLoop(epochs: 2).run(
      shorter, in: RunFolder(path: reference.path), resuming: false)
    #expect(
      try bytes(folder.file("model.safetensors"))
        == bytes(reference.file("model.safetensors")))
  }

  @Test func `a NaN loss stops training`() throws {
    let folder = try TemporaryFolder()
    let task = LineTask()
    task.poison = 6
    let error = #expect(throws: TrainingError.self) {
      try TrainingLoop(epochs: 5).run(task, in: RunFolder(path: folder.path), resuming: false)
    }
    #expect(error?.description.contains("epoch 2, step 3") == true)
  }

  @Test(arguments: [Double.nan, .infinity])
  func `rejects non-finite weights after the last step`(weight: Double) throws {
    let folder = try TemporaryFolder()
    let run = RunFolder(path: folder.path)
    let task = LineTask(criteria: [1, 2])
    task.lastWeight = weight
    let error = #expect(throws: TrainingError.self) {
      try TrainingLoop(epochs: 2, patience: 2).run(task, in: run, resuming: false)
    }
    #expect(error?.description.contains("\"w\"") == true, "\(error?.description ?? "")")
    #expect(!run.has(run.model))
    // The best model is still that of the first epoch.
    #expect(try SafetensorsFile(path: run.best).tensor(named: "w").scalar.isFinite)
  }

  @Test func `warns of a grown loss, also after resuming`() throws {
    let folder = try TemporaryFolder()
    let run = RunFolder(path: folder.path)
    let good = try TrainingLoop(epochs: 3).run(LineTask(), in: run, resuming: false)
    #expect(good.warning == nil)
    let first = LineTask()
    first.growth = 100
    first.stopAfter = 5
    let loop = TrainingLoop(epochs: 2, checkpointInterval: 0)
    #expect(throws: LineTask.Stopped.self) { try loop.run(first, in: run, resuming: false) }
    let second = LineTask()
    second.growth = 100
    let outcome = try loop.run(second, in: run, resuming: true)
    #expect(outcome.warning?.contains("nothing was learnt") == true, "\(outcome.warning ?? "")")
  }

  @Test func `rejects a damaged checkpoint by name`() throws {
    let folder = try TemporaryFolder()
    let run = RunFolder(path: folder.path)
    try writeAtomically("not a checkpoint", to: run.checkpoint)
    let error = #expect(throws: InputError.self) {
      try TrainingLoop(epochs: 1).run(LineTask(), in: run, resuming: true)
    }
    #expect(error?.file == run.checkpoint)
  }
}
