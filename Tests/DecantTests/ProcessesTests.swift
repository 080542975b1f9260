import Foundation
import Storage
import TestSupport
import Testing

/// `train --processes`.
@Suite struct ProcessesTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(_ output: String, _ options: String...) -> [String] {
    [
      "train", data, "--output", folder.file(output), "--quiet", "--epochs", "4", "--defaults", "1",
      "--no-calibrate", "--precision", "float32",
    ] + options
  }

  private func model(_ output: String) throws -> Data {
    try contents(folder.file("\(output)/model.safetensors"))
  }

  /// The loss and the validation of each epoch.
  private func losses(_ output: String) throws -> [Double] {
    try String(contentsOfFile: folder.file("\(output)/metrics.jsonl"), encoding: .utf8)
      .matches(of: #/:([-+.e0-9]+)/#).map { try #require(Double($0.1)) }
  }

  @Test func `several processes train the model of one`() throws {
    let options = ["--wide", "--patience", "9", "--gradient-clipping", "0.1"]
    try DecantProgram.succeed(train("one") + options)
    for size in 2...3 {
      try DecantProgram.succeed(train("\(size)", "--processes", "\(size)") + options)
      expectClose(try losses("\(size)"), try losses("one"), tolerance: 1e-5)
      #expect(try names(in: folder.file("\(size)")) == names(in: folder.file("one")))
    }
    try DecantProgram.succeed(train("again", "--processes", "3") + options)
    #expect(try model("again") == model("3"))
    #expect(try model("again") != model("2"))
  }

  @Test func `a process that dies starts again with all others`() throws {
    try DecantProgram.succeed(train("whole", "--processes", "2", "--checkpoint-interval", "0"))
    let process = try DecantProcess(
      train("killed", "--processes", "2", "--restarts", "1", "--checkpoint-interval", "0"))
    let list = folder.file("killed/checkpoint.json")
    while !FileManager.default.fileExists(atPath: list) { usleep(2000) }
    let ranks = try children(of: process.id)
    #expect(ranks.count == 2)
    kill(ranks[1], SIGKILL)
    let outcome = try process.wait()
    #expect(outcome.code == 0, "\(outcome.messages)")
    #expect(try model("killed") == model("whole"))
    #expect(try names(in: folder.file("killed")) == names(in: folder.file("whole")))
  }

  @Test func `without restarts a death is a sentence and a code`() throws {
    let process = try DecantProcess(
      train("killed", "--processes", "2", "--checkpoint-interval", "0"))
    let list = folder.file("killed/checkpoint.json")
    while !FileManager.default.fileExists(atPath: list) { usleep(2000) }
    kill(try children(of: process.id)[1], SIGKILL)
    let outcome = try process.wait()
    #expect(outcome.code == 75)
    #expect(outcome.messages.contains("process 1 of 2 was ended by signal 9"))
    // The first one says that it lost the other.
    #expect(outcome.messages.contains("rank 0 of 2 lost the others"))
    try DecantProgram.succeed(train("whole", "--processes", "2"))
    // Any number of processes continues.
    try DecantProgram.succeed(train("killed", "--resume"))
    expectClose(try losses("killed"), try losses("whole"), tolerance: 1e-5)
  }

  @Test func `an error of the data is reported once`() throws {
    try writeAtomically("text,label\n", to: folder.file("empty.csv"))
    let outcome = try DecantProgram.run([
      "train", folder.file("empty.csv"), "--output", folder.file("run"), "--processes", "3",
      "--restarts", "5",
    ])
    #expect(outcome.code == 65)
    #expect(outcome.messages.split(separator: "\n").count == 1, "\(outcome.messages)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("run")))
  }

  @Test func `processes of different numbers are refused`() throws {
    let port = "\(20_000 + getpid() % 10_000)"
    func start(_ rank: Int, of size: Int) throws -> DecantProcess {
      try DecantProcess(
        train("run") + ["--process-timeout", "3"],
        environment: [
          "RANK": "\(rank)", "WORLD_SIZE": "\(size)", "MASTER_ADDR": "127.0.0.1",
          "MASTER_PORT": port,
        ])
    }
    let (first, second) = (try start(0, of: 2), try start(1, of: 3))
    let outcomes = [try first.wait(), try second.wait()]
    #expect(outcomes.map(\.code) == [75, 75])
    #expect(outcomes[0].messages.contains("1 of 2 processes came"), "\(outcomes[0].messages)")
    #expect(outcomes[1].messages.contains("rank 1 was started for 3 processes, rank 0 for 2"))
  }

  @Test func `refuses options that do not fit together`() throws {
    try DecantProgram.refuse(
      train("run", "--processes", "2", "--negatives", "pool"), code: 65,
      "several processes cannot train with --negatives")
    try DecantProgram.refuse(train("run", "--restarts", "2"), code: 64, "needs --processes")
    try DecantProgram.refuse(
      train("run", "--processes", "2", "--members", "2"), code: 64, "--members")
    try DecantProgram.refuse(
      train("run"), code: 65, "MASTER_ADDR", environment: ["RANK": "0", "WORLD_SIZE": "2"])
  }

  /// The processes that a process has started, in the order of their start.
  private func children(of process: pid_t) throws -> [pid_t] {
    let path = "/proc/\(process)/task/\(process)/children"
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: " ").compactMap {
      pid_t($0)
    }.sorted()
  }
}
