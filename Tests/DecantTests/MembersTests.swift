import Foundation
import Storage
import TestSupport
import Testing

/// `train --members`.
@Suite struct MembersTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  /// One thread for each process is the default of several members.
  private static let quickly = Array(TestSupport.quickly.dropFirst(2))

  private func train(_ output: String, _ options: String...) -> [String] {
    ["train", data, "--output", output, "--quiet", "--epochs", "6"] + Self.quickly + options
  }

  private func alone(seed: Int, _ options: String...) throws -> String {
    let run = folder.file("alone\(seed)")
    try DecantProgram.succeed(
      train(run, "--threads", "1", "--seed", "\(seed)") + options)
    return run
  }

  /// Every file but the record, which has times.
  private func expectEqualRuns(
    _ one: String, _ other: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(try names(in: one) == names(in: other), sourceLocation: sourceLocation)
    for name in try names(in: other) where name != "run.json" {
      #expect(
        try contents("\(one)/\(name)") == contents("\(other)/\(name)"), "\(name)",
        sourceLocation: sourceLocation)
    }
  }

  @Test func `members have the bytes of trainings alone`() throws {
    let mean = folder.file("mean")
    let outcome = try DecantProgram.succeed(train(mean, "--members", "3", "--seed", "7"))
    #expect(outcome.messages.isEmpty)
    #expect(try names(in: mean) == ["1", "2", "3", "members.json"])
    for member in 1...3 { try expectEqualRuns("\(mean)/\(member)", alone(seed: member + 6)) }
    #expect(
      try contents("\(mean)/1/model.safetensors") != contents("\(mean)/2/model.safetensors"))
  }

  @Test func `one display tells how all members are doing`() throws {
    let mean = folder.file("mean")
    let outcome = try DecantProgram.succeed(
      ["train", data, "--output", mean, "--members", "2"] + Self.quickly)
    for member in 1...2 {
      #expect(outcome.messages.contains("member \(member): epoch 20/20  loss "))
    }
    #expect(outcome.messages.components(separatedBy: "defaults: epochs 20").count == 2)
    #expect(outcome.lines.count == 2)
    #expect(outcome.output.contains("2 members trained on 240 documents"))
    #expect(outcome.lines.last == "Next: decant evaluate \(mean)")
  }

  @Test func `the folder stands for all members`() throws {
    let mean = folder.file("mean")
    try DecantProgram.succeed(train(mean, "--members", "2"))
    let text = "word1x2 word4x0 filler3"
    let named = try DecantProgram.succeed(["predict", mean, "--json", text])
    let listed = try DecantProgram.succeed(
      ["predict", "\(mean)/1", "--with", "\(mean)/2", "--json", text])
    let first = try DecantProgram.succeed(["predict", "\(mean)/1", "--json", text])
    #expect(named.output == listed.output && named.output != first.output)
    let (one, other) = (
      try Evaluation.of(mean), try Evaluation.of("\(mean)/1", "--with", "\(mean)/2")
    )
    #expect(one.values["nDCG@5"] == other.values["nDCG@5"])
    #expect(one.values["parameters"] == other.values["parameters"])

    try DecantProgram.succeed(["merge", mean, "--output", folder.file("merged")])
    try DecantProgram.succeed(
      train(folder.file("pupil"), "--teacher", mean, "--teacher-weight", "0.5"))
    try DecantProgram.refuse(
      ["embed", mean, "--output", folder.file("v.npy"), "a"], code: 65, "the folder of 2 runs",
      "\(mean)/1")
    try DecantProgram.refuse(
      ["predict", mean, "a", "--calibrated"], code: 64, "the scores of one run")
    try writeAtomically("{\"members\": 0}", to: "\(mean)/members.json")
    try DecantProgram.refuse(["evaluate", mean], code: 65, "members.json", "members is 0")
  }

  @Test func `--resume trains the missing members`() throws {
    let mean = folder.file("mean")
    try DecantProgram.succeed(train(mean, "--members", "2"))
    try FileManager.default.removeItem(atPath: "\(mean)/2")
    let kept = try contents("\(mean)/1/run.json")
    try DecantProgram.succeed(train(mean, "--members", "3", "--resume"))
    #expect(try contents("\(mean)/1/run.json") == kept)
    for member in 2...3 { try expectEqualRuns("\(mean)/\(member)", alone(seed: member - 1)) }
    let again = try DecantProgram.succeed(train(mean, "--members", "3", "--resume"))
    #expect(again.messages.contains("finished already"))
  }

  @Test func `a signal stops all members, and --resume continues them`() throws {
    let mean = folder.file("mean")
    let long = ["--epochs", "60", "--checkpoint-interval", "1000", "--members", "2"]
    let command = ["train", data, "--output", mean] + long + Self.quickly
    let process = try DecantProcess(command)
    try process.wait { try process.messages.contains("member 1: epoch 2/60") }
    process.send(SIGTERM)
    let outcome = try process.wait()
    #expect(outcome.code == 128 + SIGTERM)
    #expect(outcome.messages.contains("interrupted") && outcome.messages.contains("--resume"))
    #expect(try names(in: "\(mean)/1").contains("checkpoint.safetensors"))
    try DecantProgram.refuse(command, code: 64, "2 unfinished members", "--resume")
    try DecantProgram.refuse(["evaluate", mean], code: 65, "not finished", "\(mean)/1")
    try DecantProgram.refuse(
      command + ["--resume", "--dimension", "8"], code: 64, "other settings")
    try DecantProgram.succeed(command + ["--resume"])
    for member in 1...2 {
      let run = folder.file("alone\(member)")
      try DecantProgram.succeed(
        ["train", data, "--output", run, "--epochs", "60", "--checkpoint-interval", "1000"]
          + TestSupport.quickly + ["--seed", "\(member - 1)"])
      try expectEqualRuns("\(mean)/\(member)", run)
    }
  }

  @Test func `a member stops when nobody listens any more`() throws {
    let mean = folder.file("mean")
    let process = try DecantProcess(
      ["train", data, "--output", mean, "--epochs", "1000000", "--members", "1"] + Self.quickly)
    try process.wait { try process.messages.contains("member 1: epoch 2/") }
    process.send(SIGKILL)
    #expect(try process.wait().code == -SIGKILL)
    let member = open("\(mean)/1", O_RDONLY | O_DIRECTORY)
    defer { close(member) }
    var tries = 0
    while flock(member, LOCK_EX | LOCK_NB) != 0, tries < 100 {
      usleep(100_000)
      tries += 1
    }
    #expect(tries < 100)
    #expect(try names(in: "\(mean)/1").contains("checkpoint.safetensors"))
  }

  @Test func `a failing member ends the others and is named`() throws {
    let mean = folder.file("mean")
    let command =
      ["train", data, "--output", mean, "--epochs", "60", "--checkpoint-interval", "0"]
      + ["--members", "2"] + Self.quickly
    let process = try DecantProcess(command)
    process.wait {
      (1...2).allSatisfy { FileManager.default.fileExists(atPath: "\(mean)/\($0)/metrics.jsonl") }
    }
    process.send(SIGINT)
    #expect(try process.wait().code == 128 + SIGINT)
    try writeAtomically("damaged", to: "\(mean)/2/checkpoint.safetensors")
    let failed = try DecantProgram.run(command + ["--resume"])
    #expect(failed.code == 65)
    #expect(failed.messages.contains("decant: member 2 (\(mean)/2) failed: "))
    #expect(failed.messages.contains("checkpoint.safetensors"))
    try FileManager.default.removeItem(atPath: "\(mean)/2")
    try DecantProgram.succeed(command + ["--resume"])
  }

  @Test func `a training that cannot begin leaves no files`() throws {
    let mean = folder.file("mean")
    try writeAtomically("", to: "\(data)/train.jsonl")
    for defaults in ["1", "2"] {
      try DecantProgram.refuse(
        train(mean, "--members", "2", "--defaults", defaults), code: 65, "train")
      #expect(!FileManager.default.fileExists(atPath: mean))
    }
  }

  @Test func `refuses folders and data that cannot be used`() throws {
    let mean = folder.file("mean")
    try DecantProgram.refuse(train(mean, "--members", "0"), code: 64, "--members is 0")
    try DecantProgram.refuse(
      ["train", "/dev/null", "--output", mean, "--members", "2"], code: 64, "only once")
    #expect(!FileManager.default.fileExists(atPath: mean))
    let run = try alone(seed: 0)
    try DecantProgram.refuse(train(run, "--members", "2"), code: 64, "contains a run")
    try DecantProgram.refuse(train(data, "--members", "2"), code: 64, "contains files")
    try DecantProgram.succeed(train(mean, "--members", "2"))
    try DecantProgram.refuse(train(mean, "--members", "2"), code: 64, "2 finished members")
    try DecantProgram.refuse(train(mean), code: 64, "contains files")
    try DecantProgram.refuse(
      train(mean, "--members", "1", "--resume"), code: 64, "cannot take any away")
  }
}
