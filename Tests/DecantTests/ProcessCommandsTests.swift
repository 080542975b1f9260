import Foundation
import Storage
import TestSupport
import Testing

/// `--processes` of commands that do not train one run.
@Suite struct ProcessCommandsTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(_ run: String, _ options: String...) throws -> String {
    try DecantProgram.succeed(
      ["train", data, "--output", folder.file(run), "--quiet", "--epochs", "4", "--defaults", "1"]
        + quickly + options)
    return folder.file(run)
  }

  /// The report without the time that it took.
  private func report(_ json: String) throws -> NSDictionary {
    var values =
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
    #expect(values.removeValue(forKey: "prediction_seconds") != nil)
    return values as NSDictionary
  }

  @Test func `several processes evaluate as one`() throws {
    let run = try train("run", "--wide", "--calibrate", "--patience", "2")
    let other = try train("other", "--seed", "1")
    let some = try folder.write("label3\nlabel12\nlabel19\n", to: "some.txt")
    for options in [[], ["--with", other], ["--only", some], ["--dimensions", "8"]] {
      func evaluate(_ size: Int) throws -> (NSDictionary, Data) {
        let rankings = folder.file("rankings\(size).jsonl")
        let said = try DecantProgram.succeed(
          [
            "evaluate", run, "--json", "--rankings", rankings, "--processes", "\(size)",
            "--threads", "1",
          ] + options)
        return (try report(said.output), try contents(rankings))
      }
      let one = try evaluate(1)
      for size in 2...4 {
        let several = try evaluate(size)
        #expect(several.0 == one.0, "\(options) \(size)")
        #expect(several.1 == one.1, "\(options) \(size)")
      }
    }
    try DecantProgram.refuse(
      ["evaluate", run, "--processes", "11"], code: 65, "11 processes cannot divide 20 labels")
    try DecantProgram.refuse(
      ["evaluate", run, "--data", "/dev/null", "--processes", "2"], code: 64,
      "/dev/null can be read only once; --processes needs a file")
    try DecantProgram.refuse(
      ["evaluate", folder.file("none"), "--processes", "3"], code: 74, "none")
  }

  @Test func `a launcher's processes evaluate together`() throws {
    let run = try train("run")
    let port = "\(20_000 + getpid() % 10_000)"
    let processes = try (0..<2).map { rank in
      try DecantProcess(
        ["evaluate", run, "--json"],
        environment: [
          "RANK": "\(rank)", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
        ])
    }
    let outcomes = try processes.map { try $0.wait() }
    #expect(outcomes.map(\.code) == [0, 0], "\(outcomes.map(\.messages))")
    #expect(outcomes[1].output.isEmpty && outcomes[1].messages.isEmpty)
    let alone = try DecantProgram.succeed(["evaluate", run, "--json"])
    #expect(try report(outcomes[0].output) == report(alone.output))
  }

  @Test func `several processes audit as one`() throws {
    func audit(_ size: Int) throws -> [Data] {
      let kept = folder.file("kept\(size)")
      let output = folder.file("found\(size).jsonl")
      try DecantProgram.succeed(
        [
          "audit", data, "--folds", "3", "--defaults", "1", "--epochs", "3", "--quiet", "--keep",
          kept,
          "--output", output, "--processes", "\(size)",
        ] + quickly)
      return try [output, kept + "/probabilities.csr", kept + "/neighbours.csr"].map(contents)
    }
    let one = try audit(1)
    for size in [2, 4] { #expect(try audit(size) == one) }
    try DecantProgram.refuse(
      ["audit", data, "--scores", folder.file("kept1"), "--processes", "2"], code: 64,
      "trains nothing that --processes could divide")
    try DecantProgram.refuse(
      ["audit", folder.file("none"), "--processes", "2", "--quiet"], code: 74, "none")
  }

  @Test func `an audit ends when a process is lost or stopped`() throws {
    for signal in [SIGKILL, SIGSTOP] {
      for victim in 0..<2 {
        let process = try DecantProcess(
          [
            "audit", data, "--folds", "2", "--defaults", "1", "--epochs", "100000", "--quiet",
            "--process-timeout", "2", "--processes", "2",
          ] + quickly)
        let path = "/proc/\(process.id)/task/\(process.id)/children"
        func ranks() throws -> [pid_t] {
          try String(contentsOfFile: path, encoding: .utf8).split(separator: " ").compactMap {
            pid_t($0)
          }.sorted()
        }
        // Both train for a while.
        process.wait { (try? ranks().count) == 2 }
        usleep(2_000_000)
        let started = try ranks()
        try #require(started.count == 2)
        let begun = ContinuousClock.now
        kill(started[victim], signal)
        let outcome = try process.wait()
        #expect(outcome.code == 75, "\(outcome.messages)")
        // A process that is slow to end has the agent's grace of five seconds.
        #expect(begun.duration(to: .now) < .seconds(2 + 5 + 2))
        #expect(
          outcome.messages.contains("lost rank \(victim)")
            || outcome.messages.contains("process \(victim) of 2"), "\(outcome.messages)")
        for rank in started { #expect(kill(rank, 0) != 0) }
      }
    }
  }

  @Test func `several processes index documents as one`() throws {
    let run = try train("run")
    // Three blocks of documents.
    let rows = (0..<8200).map { "word\($0 % 20)x\($0 % 4) filler\($0 % 37),label\($0 % 20)\n" }
    let documents = try folder.write("text,label\n" + rows.joined(), to: "documents.csv")
    func index(_ size: Int) throws -> Data {
      let output = folder.file("documents\(size).index")
      try DecantProgram.succeed([
        "index", run, "--of", "documents", "--data", documents, "--exact", "--output", output,
        "--threads", "1", "--processes", "\(size)",
      ])
      return try contents(output)
    }
    let one = try index(1)
    for size in 2...4 { #expect(try index(size) == one) }
    try DecantProgram.refuse(
      ["index", run, "--output", folder.file("labels.index"), "--processes", "2"], code: 64,
      "--of documents")
  }
}
