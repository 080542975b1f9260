import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct WideTrainingTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private static let wide = ["--wide", "--wide-maximum-share", "0.5"]

  private func command(_ run: String, _ options: [String]) -> [String] {
    ["train", data, "--output", run, "--quiet"] + quickly + options
  }

  private func train(_ name: String, _ options: [String]) throws -> String {
    let run = folder.file(name)
    try DecantProgram.succeed(command(run, options))
    return run
  }

  /// The mean loss of a run's first epoch.
  private func firstLoss(_ run: String) throws -> Double {
    struct Epoch: Decodable { var loss: Double }
    let metrics = try String(contentsOfFile: "\(run)/metrics.jsonl", encoding: .utf8)
    let line = try #require(metrics.split(separator: "\n").first)
    return try JSONDecoder().decode(Epoch.self, from: Data(line.utf8)).loss
  }

  @Test func `stores, evaluates and uses the wide part`() throws {
    let run = try train("run", Self.wide + ["--epochs", "4"])
    let plain = try train("plain", ["--epochs", "4"])
    let file = try SafetensorsFile(path: "\(run)/model.safetensors")
    let pairs = try file.tensor(named: "wide.columns").elementCount
    #expect(pairs > 1000)
    let moved = try file.tensor(named: "wide.weights").doubles().count { $0 != 0 }
    #expect(moved > pairs / 2)
    let (with, without) = (try Evaluation.of(run), try Evaluation.of(plain))
    #expect(with.values["parameters"] == (without.values["parameters"] ?? 0) + Double(pairs))
    // Words mean labels: weights of pairs learn it in fewer steps.
    let (loss, plainLoss) = (try firstLoss(run), try firstLoss(plain))
    #expect(loss < 0.9 * plainLoss, "\(loss), \(plainLoss)")
    #expect(with.values["P@1"] ?? 0 > 90)
    let answer = try DecantProgram.succeed(["predict", run, "--k", "1", "word3x0 word3x1"])
    #expect(answer.lines.last?.contains("  label3  ") == true, "\(answer.output)")

    // Without its pairs the model is another one: prediction reads them.
    try unseal(run)
    let damaged = try file.tensors().filter { $0.key != "wide.columns" }
    try Safetensors.write(damaged, to: "\(run)/model.safetensors")
    try DecantProgram.refuse(["predict", run, "a"], code: 65, "wide.columns")
  }

  @Test func `gradient descent trains the wide part`() throws {
    let run = try train("run", Self.wide + ["--wide-optimizer", "sgd", "--epochs", "2"])
    let settings = String(decoding: try contents("\(run)/configuration.json"), as: UTF8.self)
    #expect(settings.contains("\"sgd\"") && settings.contains("\"learningRate\" : 100"))
    let plain = try train("plain", ["--epochs", "2"])
    #expect(try firstLoss(run) < firstLoss(plain))
  }

  @Test func `best and last epoch keep separate wide parts`() throws {
    let run = try train("run", Self.wide + ["--epochs", "5", "--patience", "5"])
    for name in ["model", "last"] {
      let file = try SafetensorsFile(path: "\(run)/\(name).safetensors")
      #expect(try file.tensor(named: "wide.weights").elementCount > 0)
    }
    struct Epoch: Decodable { var validation: [String: Double] }
    let metrics = try String(contentsOfFile: "\(run)/metrics.jsonl", encoding: .utf8)
    let history = try metrics.split(separator: "\n").map {
      try JSONDecoder().decode(Epoch.self, from: Data($0.utf8)).validation
    }
    // Prediction scores as the training did, wide part included.
    for choice in ["best", "last"] {
      let judged = try Evaluation.of(run, "--split", "validation", "--epoch", choice)
      let epoch = Int(judged.values["epoch"] ?? 0)
      #expect(judged.values["nDCG@5"] == history[epoch - 1]["nDCG@5"])
    }
  }

  @Test func `pairs that never occur change nothing`() throws {
    // No pair occurs in a thousand documents, as there are 240.
    let run = try train(
      "run", Self.wide + ["--wide-minimum-count", "1000", "--epochs", "2"])
    let plain = try train("plain", ["--epochs", "2"])
    for name in ["embeddings.safetensors", "metrics.jsonl"] {
      #expect(try contents("\(run)/\(name)") == contents("\(plain)/\(name)"), "\(name)")
    }
  }

  @Test func `minimum count 0 gives every pair a weight`() throws {
    let options = ["--wide", "--wide-maximum-share", "1", "--epochs", "2"]
    let run = try train("run", options + ["--wide-minimum-count", "0"])
    let seen = try train("seen", options)
    func weights(_ run: String) throws -> Tensor {
      try SafetensorsFile(path: "\(run)/model.safetensors").tensor(named: "wide.weights")
    }
    let table = try SafetensorsFile(path: "\(run)/model.safetensors")
      .tensor(named: "encoder.table.weight")
    let pairs = table.size(along: 0) * SmallDataset.labelCount
    #expect(try weights(run).elementCount == pairs)
    #expect(try weights(seen).elementCount < pairs)
    // A pair never seen together is evidence against a label.
    #expect(try weights(run).doubles().count { $0 < 0 } > pairs / 2)
    #expect(try Evaluation.of(run).values["P@1"] ?? 0 > 90)
  }

  @Test func `a run killed at any moment resumes byte for byte`() throws {
    let options =
      Self.wide + ["--epochs", "4", "--checkpoint-interval", "0", "--patience", "3"]
    let undisturbed = folder.file("undisturbed")
    let disturbed = folder.file("disturbed")
    let begun = ContinuousClock.now
    try DecantProgram.succeed(command(undisturbed, options))
    let duration = ContinuousClock.now - begun
    var random = SplitMix64(77)
    var checkpoints = 0
    for round in 0..<4 {
      let process = try DecantProcess(command(disturbed, options + ["--resume"]))
      if round == 0 {
        process.wait {
          FileManager.default.fileExists(atPath: "\(disturbed)/checkpoint.safetensors")
        }
      } else {
        let moment = duration * Double.random(in: 0.2..<0.9, using: &random)
        usleep(UInt32(moment / .microseconds(1)))
      }
      process.send(SIGKILL)
      let outcome = try process.wait()
      #expect([-SIGKILL, 0].contains(outcome.code), "\(outcome.messages)")
      let path = "\(disturbed)/checkpoint.safetensors"
      guard FileManager.default.fileExists(atPath: path) else { continue }
      checkpoints += 1
      let names = try SafetensorsFile(path: path).names
      #expect(names.contains { $0.contains("wide.weights") }, "\(names)")
      #expect(names.contains { $0.contains("wide.sum") }, "\(names)")
    }
    #expect(checkpoints > 0)
    try DecantProgram.succeed(command(disturbed, options + ["--resume"]))
    #expect(try names(in: disturbed) == names(in: undisturbed))
    for name in try names(in: undisturbed) where name != "run.json" {
      #expect(
        try contents("\(undisturbed)/\(name)") == contents("\(disturbed)/\(name)"), "\(name)")
    }
  }

  @Test func `a resumed run keeps its wide settings`() throws {
    let run = folder.file("run")
    let options = ["--epochs", "15", "--checkpoint-interval", "0"]
    let process = try DecantProcess(command(run, Self.wide + options))
    process.wait { FileManager.default.fileExists(atPath: "\(run)/checkpoint.safetensors") }
    process.send(SIGKILL)
    #expect(try process.wait().code == -SIGKILL)
    for other in [["--no-wide"], ["--wide", "--wide-learning-rate", "0.7"]] {
      try DecantProgram.refuse(
        command(run, options + other + ["--resume"]), code: 64, "other settings")
    }
    let checkpoint = "\(run)/checkpoint.safetensors"
    // A copy: mapped memory must not be overwritten.
    let sound = try contents(checkpoint)
    try sound.write(to: URL(filePath: folder.file("sound.safetensors")))
    let file = try SafetensorsFile(path: folder.file("sound.safetensors"))
    for name in file.names where name.contains("wide.") {
      let cut = try file.tensors().merging([name: .zeros([1])]) { $1 }
      try Safetensors.write(cut, metadata: file.metadata, to: folder.file("cut.safetensors"))
      try contents(folder.file("cut.safetensors")).write(to: URL(filePath: checkpoint))
      try DecantProgram.refuse(
        command(run, Self.wide + options + ["--resume"]), code: 65, checkpoint)
      try sound.write(to: URL(filePath: checkpoint))
    }
    // The options need not be repeated.
    try DecantProgram.succeed(["train", data, "--output", run, "--quiet", "--resume"])
    let model = try SafetensorsFile(path: "\(run)/model.safetensors")
    #expect(try model.tensor(named: "wide.weights").elementCount > 0)
  }

  @Test func `rejects options out of range`() throws {
    let run = folder.file("run")
    let cases: [([String], String)] = [
      (["--wide", "--wide-learning-rate", "0"], "--wide-learning-rate is 0"),
      (["--wide", "--wide-learning-rate", "nan"], "--wide-learning-rate"),
      (["--wide", "--wide-maximum-share", "1.5"], "--wide-maximum-share is 1.5"),
      (["--wide", "--wide-maximum-share", "nan"], "--wide-maximum-share"),
      (["--wide", "--wide-minimum-count=-1"], "--wide-minimum-count is -1"),
      (["--wide-minimum-count", "2"], "needs --wide"),
      (["--wide-optimizer", "sgd"], "needs --wide"),
      (["--wide", "--wide-optimizer", "adam"], "adam"),
      (["--no-wide", "--wide-learning-rate", "0.1"], "needs --wide"),
      (["--wide", "--encoder", "transformer", "--checkpoint", data], "--wide needs"),
    ]
    for (options, words) in cases {
      try DecantProgram.refuse(command(run, options), code: 64, words)
    }
    #expect(!FileManager.default.fileExists(atPath: run))
  }
}
