import Foundation
import Models
import Storage
import TestSupport
import Testing

/// `train --noise-robust` and `train --imbalance`.
@Suite struct TreatmentTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(_ output: String, _ options: [String]) -> [String] {
    [
      "train", data, "--output", folder.file(output), "--quiet", "--epochs", "3", "--defaults", "1",
      "--no-calibrate", "--precision", "float32",
    ] + options
  }

  private func model(_ output: String) throws -> Data {
    try contents(folder.file("\(output)/model.safetensors"))
  }

  private func record(_ output: String) throws -> RunRecord {
    try JSONDecoder().decode(RunRecord.self, from: contents(folder.file("\(output)/run.json")))
  }

  private func losses(_ output: String) throws -> [Double] {
    try String(contentsOfFile: folder.file("\(output)/metrics.jsonl"), encoding: .utf8)
      .matches(of: #/:([-+.e0-9]+)/#).map { try #require(Double($0.1)) }
  }

  @Test(arguments: RobustConfiguration.rows.map(\.method))
  func `every robust method trains, changes the model and is recorded`(
    _ method: RobustConfiguration.Method
  ) throws {
    let word = method.rawValue
    try DecantProgram.succeed(train("plain", []))
    try DecantProgram.succeed(train("robust", ["--noise-robust", word, "--robust-after", "0"]))
    #expect(try model("robust") != model("plain"))
    // The method would begin after the last epoch; co-teaching has begun to forget by then.
    try DecantProgram.succeed(train("late", ["--noise-robust", word, "--robust-after", "3"]))
    #expect(try (model("late") == model("plain")) == (method != .coTeaching))
    let record = try record("robust")
    #expect(record.robust == RobustConfiguration(method: method, warmup: 0))
    #expect(record.imbalance == nil)
  }

  @Test(arguments: ImbalanceConfiguration.rows.map(\.method))
  func `every method for imbalance trains, changes the model and is recorded`(
    _ method: ImbalanceConfiguration.Method
  ) throws {
    let loss = ["--loss", "bce"]
    try DecantProgram.succeed(train("plain", loss))
    let options = ["--imbalance", method.rawValue, "--imbalance-strength", "0.5"]
    try DecantProgram.succeed(train("balanced", loss + options))
    #expect(try model("balanced") != model("plain"))
    let record = try record("balanced")
    #expect(record.imbalance == ImbalanceConfiguration(method: method, strength: 0.5))
  }

  @Test(arguments: [
    ["--noise-robust", "elr", "--imbalance", "class-balanced", "--learn-temperature"],
    ["--noise-robust", "reweight", "--imbalance", "logit-adjustment", "--wide"],
    ["--noise-robust", "aldr-kl"], ["--loss", "bce", "--imbalance", "dice"],
  ])
  func `several processes train the model of one`(_ options: [String]) throws {
    try DecantProgram.succeed(train("one", options))
    try DecantProgram.succeed(train("two", options + ["--processes", "2"]))
    expectClose(try losses("two"), try losses("one"), tolerance: 1e-5)
  }

  @Test(arguments: ["elr", "co-teaching"])
  func `targets and the other model survive a kill`(_ method: String) throws {
    let options = ["--noise-robust", method, "--robust-after", "0", "--checkpoint-interval", "0"]
    try DecantProgram.succeed(train("whole", options))
    let process = try DecantProcess(train("killed", options + ["--resume"]))
    let metrics = folder.file("killed/metrics.jsonl")
    try process.wait {
      guard FileManager.default.fileExists(atPath: metrics) else { return false }
      return try contents(metrics).count { $0 == UInt8(ascii: "\n") } >= 1
    }
    process.send(SIGKILL)
    #expect(try process.wait().code == -SIGKILL)
    try DecantProgram.refuse(
      train("killed", ["--noise-robust", "gce", "--resume"]), code: 64, "other settings")
    try DecantProgram.succeed(train("killed", options + ["--resume"]))
    #expect(try model("killed") == model("whole"))
  }

  @Test func `names the loss, the option or the range that is needed`() throws {
    func refuse(_ options: [String], _ words: String...) throws {
      let outcome = try DecantProgram.run(train("refused", options))
      #expect(outcome.code == 64)
      for word in words { #expect(outcome.messages.contains(word), "\(outcome.messages)") }
    }
    try refuse(
      ["--noise-robust", "gce", "--loss", "squared-hinge"],
      "--noise-robust gce does not apply to the loss squared-hinge",
      "--loss decoupled-softmax or --loss infonce or --loss bce")
    try refuse(["--noise-robust", "aldr-kl", "--loss", "bce"], "--loss decoupled-softmax")
    try refuse(
      ["--imbalance", "dice"], "does not apply to the loss decoupled-softmax", "--loss bce")
    try refuse(
      ["--noise-robust", "gce", "--robust-strength", "2"], "--robust-strength 2.0", "0.001 to 1.0",
      "the exponent t")
    try refuse(["--imbalance", "class-balanced", "--imbalance-strength", "1"], "β")
    try DecantProgram.succeed(train("first", []))
    try refuse(
      ["--noise-robust", "co-teaching", "--initial", folder.file("first")],
      "two models of bags")
    try refuse(["--robust-strength", "1"], "--robust-strength needs --noise-robust")
    try refuse(["--robust-after", "2"], "--robust-after needs --noise-robust")
    try refuse(["--imbalance-strength", "1"], "--imbalance-strength needs --imbalance")
    try refuse(["--noise-robust", "gec"], "\"gce\"")
    try refuse(["--noise-robust", "gce", "--negatives", "pool"], "--negatives pool")
    try refuse(
      ["--noise-robust", "gce", "--loss", "bce", "--imbalance", "dice"], "--imbalance dice replaces"
    )
  }
}
