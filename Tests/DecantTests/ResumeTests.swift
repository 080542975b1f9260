import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ResumeTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  /// A training with a checkpoint after each step.
  private func command(_ run: String, _ options: [String] = []) -> [String] {
    ["train", data, "--output", run, "--epochs", "6", "--checkpoint-interval", "0", "--quiet"]
      + quickly + options
  }

  private static let results = [
    "configuration.json", "counts.json", "dataset.json", "embeddings.safetensors",
    "label-texts.json", "labels.json", "metrics.jsonl", "model.safetensors", "vocabulary.bin",
  ]

  private static let resultsOfPatience = ["last-embeddings.safetensors", "last.safetensors"]

  private func expectEqualRuns(_ one: String, _ other: String, besides more: [String] = [])
    throws
  {
    let results = Self.results + more
    for name in results {
      #expect(try contents("\(one)/\(name)") == contents("\(other)/\(name)"), "\(name)")
    }
    for run in [one, other] {
      #expect(try names(in: run) == (results + ["run.json"]).sorted())
    }
  }

  /// Every file that has its final name is whole.
  private func expectWholeFiles(_ run: String) throws {
    for name in try names(in: run) where !name.contains(".partial-") {
      let path = "\(run)/\(name)"
      if name.hasSuffix(".safetensors") { _ = try SafetensorsFile(path: path) }
      if name.hasSuffix(".json") { _ = try JSONSerialization.jsonObject(with: contents(path)) }
      if name.hasSuffix(".csr") { #expect(try contents(path).prefix(5) == Data("Decnt".utf8)) }
    }
  }

  @Test func `a run killed at random resumes byte for byte`() throws {
    let undisturbed = folder.file("undisturbed")
    let disturbed = folder.file("disturbed")
    let begun = ContinuousClock.now
    try DecantProgram.succeed(command(undisturbed))
    let duration = ContinuousClock.now - begun
    var random = SplitMix64(2024)
    for _ in 0..<8 {
      let process = try DecantProcess(command(disturbed, ["--resume"]))
      let moment = duration * Double.random(in: 0..<1, using: &random)
      usleep(UInt32(moment / .microseconds(1)))
      process.send(SIGKILL)
      let outcome = try process.wait()
      // A resumed process is ahead of the undisturbed one and may have finished.
      #expect([-SIGKILL, 0].contains(outcome.code), "\(outcome.messages)")
      try expectWholeFiles(disturbed)
    }
    try DecantProgram.succeed(command(disturbed, ["--resume"]))
    try expectEqualRuns(undisturbed, disturbed)
  }

  @Test func `a run killed at each file resumes byte for byte`() throws {
    let options = ["--patience", "3", "--labels", "both"]
    let undisturbed = folder.file("undisturbed")
    let disturbed = folder.file("disturbed")
    try DecantProgram.succeed(command(undisturbed, options))
    let files = [
      "configuration.json", "dataset.json", "labels.json", "label-texts.json", "vocabulary.bin",
      "bags-labels.csr",
      "bags-train.csr", "bags-validation.csr", "checkpoint.safetensors", "best.safetensors",
      "last.safetensors", "model.safetensors", "metrics.jsonl", "embeddings.safetensors",
      "last-embeddings.safetensors", "run.json",
    ]
    var kills = 0
    for name in files {
      let process = try DecantProcess(command(disturbed, options + ["--resume"]))
      process.wait { FileManager.default.fileExists(atPath: "\(disturbed)/\(name)") }
      process.send(SIGKILL)
      let outcome = try process.wait()
      if outcome.code == -SIGKILL { kills += 1 }
      #expect([-SIGKILL, 0].contains(outcome.code), "\(name): \(outcome.messages)")
      try expectWholeFiles(disturbed)
      // A file that is there already would end the next wait at once.
      if outcome.code == 0 { try FileManager.default.removeItem(atPath: disturbed) }
    }
    #expect(kills > 0)
    try DecantProgram.succeed(command(disturbed, options + ["--resume"]))
    try expectEqualRuns(undisturbed, disturbed, besides: Self.resultsOfPatience)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `SIGINT and SIGTERM leave a checkpoint`(signal: Int32) throws {
    let undisturbed = folder.file("undisturbed")
    let disturbed = folder.file("disturbed")
    let long = ["--epochs", "60", "--checkpoint-interval", "1000"]
    func train(_ run: String) -> [String] { ["train", data, "--output", run] + long + quickly }
    try DecantProgram.succeed(train(undisturbed))
    let process = try DecantProcess(train(disturbed) + ["--resume"])
    try process.wait { try process.messages.contains("epoch 2/60") }
    process.send(signal)
    let outcome = try process.wait()
    #expect(outcome.code == 128 + signal)
    #expect(outcome.messages.contains("interrupted") && outcome.messages.contains("--resume"))
    #expect(try names(in: disturbed).contains("checkpoint.safetensors"))
    try DecantProgram.refuse(["evaluate", disturbed], code: 65, "not finished", "--resume")
    try DecantProgram.succeed(train(disturbed) + ["--resume"])
    try expectEqualRuns(undisturbed, disturbed)
  }

  @Test func `never overwrites or resumes a run by mistake`() throws {
    let run = folder.file("run")
    let process = try DecantProcess(command(run))
    process.wait {
      FileManager.default.fileExists(atPath: "\(run)/checkpoint.safetensors")
    }
    process.send(SIGKILL)
    #expect(try process.wait().code == -SIGKILL)

    try DecantProgram.refuse(command(run), code: 64, "unfinished run", "--resume")
    try DecantProgram.refuse(
      command(run, ["--resume", "--seed", "1"]), code: 64, "other settings")
    try DecantProgram.refuse(["evaluate", run], code: 65, "not finished")
    try DecantProgram.refuse(["predict", run, "text"], code: 65, "not finished")
    let checkpoint = try contents("\(run)/checkpoint.safetensors")
    try writeAtomically("damaged", to: "\(run)/checkpoint.safetensors")
    try DecantProgram.refuse(command(run, ["--resume"]), code: 65, "checkpoint.safetensors")
    try checkpoint.write(to: URL(filePath: "\(run)/checkpoint.safetensors"))
    let labels = try contents("\(data)/labels.jsonl")
    try (labels + Data("{\"id\":\"more\"}\n".utf8)).write(
      to: URL(filePath: "\(data)/labels.jsonl"))
    try DecantProgram.refuse(command(run, ["--resume"]), code: 65, "data set has changed")
    try labels.write(to: URL(filePath: "\(data)/labels.jsonl"))

    // How often to write checkpoints may change.
    let resumed = ["train", data, "--output", run, "--resume", "--checkpoint-interval", "60"]
    try DecantProgram.succeed(resumed)
    let model = try contents("\(run)/model.safetensors")
    try DecantProgram.refuse(command(run), code: 64, "finished run", "--output")
    try writeAtomically("", to: "\(run)/checkpoint.safetensors")
    let again = try DecantProgram.succeed(resumed)
    #expect(again.messages.contains("finished already"))
    #expect(try contents("\(run)/model.safetensors") == model)
    #expect(try names(in: run) == (Self.results + ["run.json"]).sorted())
  }

  @Test func `two processes never train in one folder`() throws {
    let run = folder.file("run")
    let process = try DecantProcess(command(run, ["--patience", "1000"]))
    process.wait {
      FileManager.default.fileExists(atPath: "\(run)/checkpoint.safetensors")
    }
    process.send(SIGSTOP)
    try DecantProgram.refuse(
      command(run, ["--patience", "1000", "--resume"]), code: 74, "another process")
    process.send(SIGCONT)
    #expect(try process.wait().code == 0)
  }
}
