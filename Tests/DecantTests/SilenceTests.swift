import Foundation
import Storage
import TestSupport
import Testing

/// Commands report their work, skipped work, and options without effect.
@Suite struct SilenceTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset(documents: 150).write(to: folder.file("data"))
  }

  private func train(_ options: String...) throws -> String {
    let run = folder.file("run")
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--epochs", "1", "--quiet"] + quickly + options)
    return run
  }

  @Test func `rejects options without effect`() throws {
    let run = folder.file("none")
    let training: [([String], String)] = [
      (["--lazy-labels"], "--lazy-labels"), (["--probes", "3"], "--probes"),
      (["--refresh-every", "2"], "--refresh-every"), (["--cluster-size", "4"], "--cluster-size"),
      (["--hard-negatives", "2", "--neighbours", "4"], "--neighbours"),
      (["--uniform-negatives", "2", "--negative-margin", "1"], "--negative-margin"),
      (["--negatives", "pool", "--shortlist", "9"], "--shortlist"),
    ]
    for (options, word) in training {
      try DecantProgram.refuse(
        ["train", data, "--output", run] + options, code: 64, word, "changes nothing")
    }
    let others: [([String], String)] = [
      (["search", "x.index", run, "--exact", "--breadth", "9", "text"], "--breadth"),
      (["index", run, "--output", "x.index", "--exact", "--connectivity", "9"], "--connectivity"),
      (["index", run, "--update", "x.index", "--scalar", "int8", "--remove", "a"], "--scalar"),
      (["index", run, "--update", "x.index"], "--add"),
      (["audit", data, "--scores", "kept", "--folds", "3"], "--folds"),
      (["runs", "--compare", "a", "b", "--json"], "--json"),
      (["predict", run, "--skip-bad", "text"], "--skip-bad"),
      (["embed", run, "--of", "labels", "--skip-bad", "--output", "x.npy"], "--skip-bad"),
    ]
    for (command, word) in others { try DecantProgram.refuse(command, code: 64, word) }
  }

  @Test func `parses a negative number as a value`() throws {
    for (option, words) in [
      ("--batch-size", "--batch-size is -1; it must be at least 1"), ("--learning-rate", "-1"),
    ] {
      let command = ["train", data, "--output", folder.file("none"), option, "-1"]
      try DecantProgram.refuse(command, code: 64, words)
    }
    let run = try train()
    let text = try DecantProgram.succeed(["predict", run, "--json", "--", "--k", "-1"])
    #expect(text.lines.count == 2)
  }

  @Test func `reports written files`() throws {
    let run = try train()
    let (rows, graph) = (folder.file("rows.npy"), folder.file("encoder.onnx"))
    let embedded = try DecantProgram.succeed(["embed", run, "--output", rows, "word1x1"])
    #expect(embedded.messages == "\(rows): 1 row of 16 numbers\n" && embedded.output.isEmpty)
    let exported = try DecantProgram.succeed(["export", run, "--output", graph])
    #expect(exported.messages == "\(graph): embeddings of 16 numbers, scores of 20 labels\n")
    let index = folder.file("labels.index")
    let indexed = try DecantProgram.succeed(["index", run, "--output", index])
    #expect(indexed.output.isEmpty)
    #expect(
      indexed.messages.hasPrefix("\(index): 20 labels of 16 numbers, float32, with texts\n"))
    #expect(indexed.messages.contains("--exact"))
    let last = try DecantProgram.succeed(["evaluate", run, "--epoch", "last"])
    #expect(last.messages.contains("one model"))
  }

  @Test func `an interrupted audit reports that it kept nothing`() throws {
    let process = try DecantProcess(
      ["audit", data, "--epochs", "100000", "--folds", "2"] + quickly)
    try process.wait { try process.messages.contains("epoch 2/") }
    process.send(SIGINT)
    let outcome = try process.wait()
    #expect(outcome.code == 130)
    #expect(outcome.messages.contains("interrupted in fold 1 of 2; nothing is saved"))
    #expect(!outcome.messages.contains("--resume"))
  }

  @Test func `an audit reports the audited documents`() throws {
    let outcome = try DecantProgram.succeed(
      ["audit", data, "--folds", "2", "--epochs", "1"] + quickly)
    #expect(outcome.messages.contains("120 of 150 documents are audited"))
  }

  @Test func `reports why an encoder is unusable`() throws {
    let encoder = folder.file("encoder")
    try FileManager.default.createDirectory(atPath: encoder, withIntermediateDirectories: true)
    try writeAtomically("{\"model_type\":\"bert\"}", to: "\(encoder)/config.json")
    let command = ["embed", encoder, "--output", folder.file("x.npy"), "text"]
    try DecantProgram.refuse(command, code: 65, encoder)
    try writeAtomically(
      "{\"model_type\":\"roberta\",\"hidden_size\":4}", to: "\(encoder)/config.json")
    try DecantProgram.refuse(command, code: 65, "roberta")
    try DecantProgram.refuse(
      ["export", encoder, "--output", folder.file("x.onnx")], code: 65, "roberta")
    try DecantProgram.refuse(
      ["predict", encoder, "text"], code: 65, "the folder of a pretrained encoder")
    try FileManager.default.removeItem(atPath: "\(encoder)/config.json")
    try writeAtomically("[]", to: "\(encoder)/modules.json")
    try DecantProgram.refuse(command, code: 65, "no config.json", "no model.safetensors")
  }

  @Test func `the thread count follows the CPU affinity`() throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/taskset"),
      let allowed = try Self.firstProcessor()
    else {
      print("skipped: there is no taskset here")
      return
    }
    func run(_ arguments: [String]) throws -> DecantProgram.Outcome {
      try DecantProcess(
        ["-c", allowed, DecantProgram.path] + arguments, program: "/usr/bin/taskset",
        environment: ["OMP_NUM_THREADS": ""]
      ).wait()
    }
    let path = folder.file("one")
    let outcome = try run(["train", data, "--output", path, "--epochs", "1", "--threads", "3"])
    #expect(outcome.code == 0)
    #expect(outcome.messages.contains("3 threads: this process may use 1 processor"))
    struct Settings: Decodable { var threads: Int }
    let other = folder.file("other")
    #expect(try run(["train", data, "--output", other, "--epochs", "1", "--quiet"]).code == 0)
    let settings = try JSONDecoder().decode(
      Settings.self, from: contents("\(other)/configuration.json"))
    #expect(settings.threads == 1)
    #expect(try run(["doctor"]).output.contains("threads       1: "))
    #expect(try run(["doctor"]).output.contains("1 in the affinity mask"))
  }

  /// The first processor of this process's mask.
  private static func firstProcessor() throws -> String? {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    return status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
      .map { String($0.drop { !$0.isNumber }.prefix { $0.isNumber }) }
  }

  @Test func `reports why a folder cannot be created`() throws {
    let run = "/proc/self/none"
    let outcome = try DecantProgram.run(["train", data, "--output", run])
    #expect(outcome.code == 74 && outcome.messages.contains("cannot create the folder \(run)"))
    #expect(!outcome.messages.contains("File exists"))
  }
}
