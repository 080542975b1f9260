import Foundation
import Storage
import TestSupport
import Testing

/// `train --processes`; `ProcessCommandsTests` has the other commands.
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
    #expect(!outcome.messages.contains("GLHF"), "\(outcome.messages)")
    try DecantProgram.succeed(train("whole", "--processes", "2"))
    // Any number of processes continues.
    try DecantProgram.succeed(train("killed", "--resume"))
    expectClose(try losses("killed"), try losses("whole"), tolerance: 1e-5)
  }

  @Test func `a stopped process ends all others in time`() throws {
    for victim in 0..<3 {
      let process = try DecantProcess(
        train(
          "stopped\(victim)", "--processes", "3", "--process-timeout", "2",
          "--checkpoint-interval", "0"))
      let list = folder.file("stopped\(victim)/checkpoint.json")
      process.wait { FileManager.default.fileExists(atPath: list) }
      let ranks = try children(of: process.id)
      kill(ranks[victim], SIGSTOP)
      let begun = ContinuousClock.now
      while try children(of: process.id).count == 3 { usleep(10_000) }
      // The first of the others ends.
      #expect(begun.duration(to: .now) < .seconds(4))
      let outcome = try process.wait()
      #expect(begun.duration(to: .now) < .seconds(4))
      #expect(outcome.code == 75)
      #expect(outcome.messages.contains("lost the others"), "\(outcome.messages)")
      for rank in ranks { #expect(kill(rank, 0) != 0) }
      let partial = try names(in: folder.file("stopped\(victim)")).filter { $0.contains("partial") }
      #expect(partial == [])
    }
  }

  @Test func `several processes start from other models`() throws {
    let rows = SmallDataset(documents: 600).rows
    let late = Set((15..<20).map { "label\($0)" })
    func write(_ name: String, _ isMeant: (SmallDataset.Row) -> Bool) throws {
      let lines = try rows.filter(isMeant).map {
        String(decoding: try JSONEncoder().encode($0), as: UTF8.self) + "\n"
      }
      try writeAtomically(lines.joined(), to: folder.file(name))
    }
    try write("old.jsonl") { late.isDisjoint(with: $0.labels) }
    // Labels 4 and 9 have no document, so that the loss leaves them out.
    try write("new.jsonl") {
      !late.isDisjoint(with: $0.labels) && !$0.labels.contains("label4")
        && !$0.labels.contains("label9")
    }
    // No label of the first run, and so none of the first process, has a document.
    try write("late.jsonl") { late.isSuperset(of: $0.labels) }
    let words = (0..<20).map { SmallDataset.word(of: $0, 1) }
    let checkpoint = try TinyCheckpoint.write(to: folder.file("checkpoint"), words: words)
    try DecantProgram.succeed(
      ["train", folder.file("old.jsonl"), "--output", folder.file("first")] + quickly)
    let starts = [
      ("initial", [folder.file("new.jsonl"), "--initial", folder.file("first")]),
      ("late", [folder.file("late.jsonl"), "--initial", folder.file("first")]),
      ("encoder", [data, "--start-from", checkpoint, "--defaults", "1"] + quickly),
    ]
    for (name, options) in starts {
      for size in 1...3 {
        try DecantProgram.succeed(
          [
            "train", "--output", folder.file("\(name)\(size)"), "--processes", "\(size)", "--quiet",
            "--precision", "float32", "--epochs", "3",
          ] + options)
        expectClose(try losses("\(name)\(size)"), try losses("\(name)1"), tolerance: 1e-5)
        #expect(
          try names(in: folder.file("\(name)\(size)")) == names(in: folder.file("\(name)1")))
      }
    }
    // The starts have an effect.
    #expect(try losses("encoder2") != losses("initial2"))
  }

  @Test(arguments: [
    ["--uniform-negatives", "4"],
    ["--hard-negatives", "2", "--labels", "both", "--patience", "3"],
    ["--hard-negatives", "2", "--batches", "similar", "--neighbours", "4", "--labels", "text"],
    ["--uniform-negatives", "3", "--gradient-clipping", "0.1", "--lazy-labels"],
  ])
  func `several processes train with negatives`(options: [String]) throws {
    for size in 1...3 {
      try DecantProgram.succeed(
        train("\(size)", "--negatives", "pool", "--processes", "\(size)") + quickly + options)
      expectClose(try losses("\(size)"), try losses("1"), tolerance: 1e-4)
    }
  }

  @Test(arguments: [
    ["--encoder", "both", "--labels", "both"], ["--encoder", "transformer", "--labels", "text"],
    ["--encoder", "transformer", "--fine-tune"],
    ["--encoder", "both", "--labels", "both", "--fine-tune", "--piece-tokens", "60"],
  ])
  func `several processes train a transformer`(options: [String]) throws {
    let words = (0..<20).flatMap { label in (0..<4).map { SmallDataset.word(of: label, $0) } }
    let checkpoint = try TinyCheckpoint.write(to: folder.file("checkpoint"), words: words)
    // Dropout within the transformer differs between numbers of processes.
    let settings = try folder.write(
      "{\"transformer\": {\"checkpoint\": \"\(checkpoint)\""
        + (options.contains("--fine-tune")
          ? ", \"isFineTuned\": true, \"tuning\": {\"dropout\": 0}" : "") + "}}",
      to: "settings.json")
    for size in 1...3 {
      try DecantProgram.succeed(
        [
          "train", data, "--config", settings, "--output", folder.file("\(size)"), "--quiet",
          "--defaults", "1", "--epochs", "2", "--precision", "float32", "--patience", "2",
          "--processes", "\(size)", "--max-length", "24", "--hidden", "32",
        ] + quickly + options)
      expectClose(try losses("\(size)"), try losses("1"), tolerance: 1e-4)
      #expect(try names(in: folder.file("\(size)")) == names(in: folder.file("1")))
    }
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

  @Test func `a rank that comes after the end of the run has nothing to do`() throws {
    try DecantProgram.succeed(train("run"))
    // As after a restart, when the first rank has ended before this one looks for it.
    let late = try DecantProcess(
      train("run") + ["--process-timeout", "3"],
      environment: [
        "RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "9",
        "TORCHELASTIC_RESTART_COUNT": "1",
      ])
    let outcome = try late.wait()
    #expect(outcome.code == 0, "\(outcome.messages)")
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
    #expect(
      outcomes[0].messages.contains("for rank 1, which did not come"), "\(outcomes[0].messages)")
    #expect(outcomes[1].messages.contains("rank 1 was started for 3 processes, rank 0 for 2"))
  }

  @Test func `refuses options that do not fit together`() throws {
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
