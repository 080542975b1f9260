import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch
import Training

@Suite struct TrainingTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(_ options: [String], from data: String? = nil, as name: String = "run") throws
    -> String
  {
    let run = folder.file(name)
    try DecantProgram.succeed(
      ["train", data ?? self.data, "--output", run, "--quiet"] + quickly + options)
    return run
  }

  private func evaluate(_ run: String, _ options: String...) throws -> [String: Double] {
    let outcome = try DecantProgram.succeed(["evaluate", run, "--json"] + options)
    #expect(outcome.lines.count == 1)
    return try JSONDecoder().decode(Evaluation.self, from: Data(outcome.output.utf8)).values
  }

  private struct Answer: Decodable {
    struct Label: Decodable {
      var id: String
      var score: Double
    }
    var text: String
    var labels: [Label]
  }

  private func answers(_ outcome: DecantProgram.Outcome) throws -> [Answer] {
    try outcome.lines.map { try JSONDecoder().decode(Answer.self, from: Data($0.utf8)) }
  }

  @Test(
    arguments: TrainingLoss.kinds.filter { $0.word != "z-loss" }.map { ($0.word, "free") }
      + [("decoupled-softmax", "text"), ("decoupled-softmax", "both"), ("bce", "both")])
  func `every loss learns with every label source`(loss: String, labels: String) throws {
    // A document has one to three labels, so P@5 of a perfect ranking is 40.
    let run = try train(["--loss", loss, "--labels", labels, "--epochs", "12"])
    let values = try evaluate(run)
    #expect(values["P@1"] ?? 0 > 95, "\(values)")
    #expect(values["P@5"] ?? 0 > 38, "\(values)")
    #expect(values["R@10"] ?? 0 > 98, "\(values)")
  }

  @Test func `trains and stores a hidden layer`() throws {
    let run = try train(["--bag-hidden", "24", "--epochs", "20"], as: "hidden")
    let values = try evaluate(run)
    #expect(values["P@1"] ?? 0 > 90, "\(values)")
    let file = try SafetensorsFile(path: "\(run)/model.safetensors")
    let table = try file.tensor(named: "encoder.table.weight")
    #expect(table.size(along: 1) == 24)
    #expect(try file.tensor(named: "encoder.layers.0.weight").size(along: 1) == 24)
    let answer = try DecantProgram.succeed(["predict", run, "--k", "1", "word3x0 word3x1"])
    #expect(answer.lines.last?.contains("  label3  ") == true, "\(answer.output)")
    // Without the option there is none.
    let none = try train(["--bag-hidden", "0", "--epochs", "1"], as: "none")
    let plain = try train(["--epochs", "1"], as: "plain")
    #expect(
      try contents("\(none)/model.safetensors") == contents("\(plain)/model.safetensors"))
    let refused = folder.file("refused")
    for (options, words) in [
      (["--bag-hidden=-1"], "--bag-hidden is -1"),
      (["--bag-hidden", "8", "--encoder", "transformer", "--checkpoint", data], "needs bags"),
    ] {
      try DecantProgram.refuse(
        ["train", data, "--output", refused] + options, code: 64, words)
    }
    #expect(!FileManager.default.fileExists(atPath: refused))
  }

  @Test func `separate towers learn`() throws {
    let run = try train(["--labels", "both", "--towers", "separate", "--epochs", "12"])
    let values = try evaluate(run)
    #expect(values["P@1"] ?? 0 > 95, "\(values)")
  }

  @Test func `a trained run evaluates and predicts`() throws {
    let run = try train(["--epochs", "10"])
    #expect(
      try names(in: run) == [
        "configuration.json", "counts.json", "dataset.json", "embeddings.safetensors",
        "label-texts.json", "labels.json",
        "metrics.jsonl", "model.safetensors", "run.json", "vocabulary.bin",
      ])
    let values = try evaluate(run)
    let metrics = ["P@1", "P@3", "P@5", "nDCG@5", "PSP@1", "PSP@3", "PSP@5", "R@10", "R@100"]
    for name in metrics { #expect(0...100 ~= values[name] ?? -1, "\(name)") }
    #expect(values["R@100"] == 100)
    for name in ["train_seconds", "train_cpu_seconds", "parameters"] {
      #expect(values[name] ?? 0 > 0, "\(name)")
    }
    let table = try DecantProgram.succeed(["evaluate", run])
    #expect(table.output.contains("P@1"))
    #expect(table.messages.isEmpty)

    let texts = ["word3x1 word3x2", "word7x0 word7x3 word7x1"]
    let given = try DecantProgram.succeed(["predict", run, "--json", "--k", "3"] + texts)
    let fromArguments = try answers(given)
    #expect(fromArguments.map(\.text) == texts)
    #expect(fromArguments.map { $0.labels.first?.id } == ["label3", "label7"])
    for answer in fromArguments {
      #expect(answer.labels.count == 3)
      let scores = answer.labels.map(\.score)
      #expect(scores == scores.sorted(by: >))
    }
    // A stream may end without a line feed, and come from a system that ends lines otherwise.
    try writeAtomically(texts.joined(separator: "\r\n"), to: folder.file("texts"))
    let options = ["predict", run, "--json", "--k", "3"]
    let fromFile = try DecantProgram.succeed(options + ["--file", folder.file("texts")])
    let fromStream = try DecantProgram.succeed(options, input: folder.file("texts"))
    // Lines are ranked as they come, two texts at once: processors may add in another order.
    for outcome in [fromFile, fromStream] {
      let read = try answers(outcome)
      #expect(read.map(\.text) == texts)
      for (line, expected) in zip(read, fromArguments) {
        #expect(line.labels.map(\.id) == expected.labels.map(\.id))
        for (label, other) in zip(line.labels, expected.labels) {
          #expect(abs(label.score - other.score) < 1e-5)
        }
      }
    }

    let plain = try DecantProgram.succeed(["predict", run] + texts)
    #expect(plain.lines.count == 12)
    #expect(plain.lines[0] == texts[0])
    #expect(plain.lines[1].contains("  label3  "))
    let all = try answers(DecantProgram.succeed(["predict", run, "--json", "--k", "500", "word"]))
    #expect(all.first?.labels.count == SmallDataset.labelCount)
    #expect(try DecantProgram.succeed(["predict", run]).output.isEmpty)

    try DecantProgram.refuse(
      ["predict", run, "--file", folder.file("missing")], code: 74, "missing")
    try DecantProgram.refuse(["predict", run, "--file", data], code: 74, "data")
    try DecantProgram.refuse(["predict", run, "word1x1"], code: 74, "output", output: "/dev/full")
    let bytes = Data("good\n".utf8) + Data([0xFF])
    try bytes.write(to: URL(filePath: folder.file("bytes")))
    let broken = try DecantProgram.run(["predict", run, "--file", folder.file("bytes")])
    #expect(broken.code == 65)
    #expect(broken.messages.contains("bytes:2:1: the line is not UTF-8"))
  }

  @Test func `peak memory excludes the parent process`() throws {
    // What the parent of a process holds at its start counts in the kernel's other account.
    let size = 600 << 20
    let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
    memset(block, 1, size)
    defer { block.deallocate() }
    let peak = try evaluate(try train(["--epochs", "1"]))["peak_memory_bytes"]
    // libtorch alone needs more than 50 MB.
    #expect(50e6...500e6 ~= peak ?? 0, "\(peak ?? 0)")
  }

  @Test func `equal seeds give equal runs`() throws {
    let first = try train(["--epochs", "2", "--seed", "3"], as: "first")
    let again = try train(["--epochs", "2", "--seed", "3"], as: "again")
    let other = try train(["--epochs", "2", "--seed", "4"], as: "other")
    for name in ["model.safetensors", "embeddings.safetensors", "metrics.jsonl"] {
      #expect(try contents("\(first)/\(name)") == contents("\(again)/\(name)"), "\(name)")
    }
    #expect(
      try contents("\(first)/model.safetensors") != contents("\(other)/model.safetensors"))
  }

  private func trainedOn(_ run: String) throws -> Int {
    struct Record: Decodable { var documents: Int }
    let record = try contents("\(run)/run.json")
    return try JSONDecoder().decode(Record.self, from: record).documents
  }

  @Test func `holds out validation only with patience`() throws {
    let patient = try train(["--patience", "1", "--epochs", "6"], as: "patient")
    let values = try evaluate(patient, "--split", "validation")
    #expect(values["P@1"] ?? 0 > 50)
    let documents = try #require(values["documents"])
    #expect(10...40 ~= documents)
    let metrics = try String(contentsOfFile: "\(patient)/metrics.jsonl", encoding: .utf8)
    for line in metrics.split(separator: "\n") { #expect(line.contains("\"nDCG@5\"")) }
    #expect(try trainedOn(patient) == SmallDataset().trainCount - Int(documents))

    let plain = try train(["--epochs", "1"], as: "plain")
    #expect(try trainedOn(plain) == SmallDataset().trainCount)
    try DecantProgram.refuse(
      ["evaluate", plain, "--split", "validation"], code: 65, "--patience")
    try DecantProgram.refuse(
      ["evaluate", plain, "--split", "validation", "--data", data], code: 65, "--patience")
  }

  @Test func `validates on a given validation file`() throws {
    let data = try SmallDataset().write(
      to: folder.file("judged"), parts: ["train", "validation", "test"])
    let run = try train(["--patience", "1", "--epochs", "2"], from: data)
    #expect(try evaluate(run, "--split", "validation")["documents"] == 30)
  }

  @Test func `trains on a single file`() throws {
    let file = try SmallDataset().writeSingleFile(to: folder.file("data.jsonl"))
    let run = try train(["--epochs", "10"], from: file)
    let values = try evaluate(run)
    #expect(values["P@1"] ?? 0 > 90, "\(values)")
    #expect(40...80 ~= values["documents"] ?? 0)
    #expect(try evaluate(run, "--data", file)["P@1"] == values["P@1"])
  }

  @Test func `skips and counts malformed lines on request`() throws {
    let file = "\(data)/train.jsonl"
    var text = try String(contentsOfFile: file, encoding: .utf8)
    text += "{\"id\":\"nobody\",\"labels\":[]}\n{\n"
    try writeAtomically(text, to: file)
    let command = ["train", data, "--output", folder.file("run"), "--epochs", "1"] + quickly
    try DecantProgram.refuse(command + ["--quiet"], code: 65, "train.jsonl:241:8", "nobody")
    let outcome = try DecantProgram.succeed(command + ["--skip-bad"])
    #expect(outcome.messages.contains("2 lines skipped; the first: "))
    #expect(outcome.messages.contains("train.jsonl:241:8"))
    #expect(!outcome.messages.contains("\u{1B}"), "a bar where there is no terminal")
    let evaluation = try DecantProgram.succeed(["evaluate", folder.file("run"), "--json"])
    #expect(evaluation.messages.contains("2 lines skipped"))
  }

  @Test func `rejects evaluation without test documents`() throws {
    let bare = try SmallDataset().write(to: folder.file("bare"), parts: ["train"])
    let run = try train(["--epochs", "1"], from: bare)
    try DecantProgram.refuse(["evaluate", run], code: 65, "no test documents")
    try writeAtomically("", to: "\(bare)/test.jsonl")
    try DecantProgram.refuse(["evaluate", run], code: 65, "no test documents")
    #expect(try evaluate(run, "--data", data)["documents"] == 60)
    try DecantProgram.refuse(
      ["evaluate", run, "--data", folder.file("missing")], code: 74, "missing")
  }

  @Test func `trains on features and rejects text predictions`() throws {
    let other = folder.file("features")
    try SmallDataset().write(to: other)
    let features = SmallDataset().rows.enumerated().map { index, row in
      let weights = Set(row.text.split(separator: " ")).sorted().map { "\"\($0)\":1.5" }
      return "{\"id\":\"d\(index)\",\"features\":{\(weights.joined(separator: ","))}}\n"
    }
    try writeAtomically(features.joined(), to: "\(other)/documents.jsonl")
    let run = try train(["--epochs", "10"], from: other)
    #expect(try evaluate(run)["P@1"] ?? 0 > 90)
    try DecantProgram.refuse(["predict", run, "word3x1"], code: 65, "features")
    try DecantProgram.refuse(["evaluate", run, "--data", data], code: 65, "features")
    try DecantProgram.refuse(
      ["train", other, "--output", folder.file("texts"), "--labels", "text"], code: 65, "features")
  }

  @Test func `reports test documents without labels`() throws {
    let file = "\(data)/test.jsonl"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let lines = text.split(separator: "\n").dropLast()
    try writeAtomically(
      (lines + ["{\"id\":\"d299\",\"labels\":[]}"]).joined(separator: "\n"), to: file)
    let run = try train(["--epochs", "1"])
    let outcome = try DecantProgram.succeed(["evaluate", run, "--json"])
    #expect(outcome.messages == "1 of 60 documents have no labels and do not count\n")
  }

  @Test func `reports a changed dataset`() throws {
    let run = try train(["--epochs", "1"])
    try SmallDataset(documents: 310).write(to: data)
    let outcome = try DecantProgram.succeed(["evaluate", run, "--json"])
    #expect(outcome.messages.contains("changed"))
  }

  @Test func `a folder that cannot be written is refused before the data is read`() throws {
    let broken = try folder.write("{", to: "broken.jsonl")
    let file = try folder.write("", to: "file")
    for (output, named) in [("/proc/decant/run", "/proc/decant"), ("\(file)/run", file)] {
      try DecantProgram.refuse(["train", broken, "--output", output], code: 74, named)
    }
    // A folder that was made for nothing does not stay.
    let output = folder.file("new")
    try DecantProgram.refuse(["train", broken, "--output", output], code: 65, "broken.jsonl")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func `the cost of choosing defaults is reported`() throws {
    let chosen = try train(["--epochs", "1"], as: "chosen")
    #expect(try evaluate(chosen)["pilot_cpu_seconds"] ?? -1 >= 0)
    let fixed = try train(["--epochs", "1", "--defaults", "1"], as: "fixed")
    #expect(try evaluate(fixed)["pilot_cpu_seconds"] == nil)
  }
}
