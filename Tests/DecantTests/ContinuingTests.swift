import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ContinuingTests {
  private let folder: TemporaryFolder
  /// Documents without the labels 15 to 19, and those with them.
  private let old: String
  private let new: String

  init() throws {
    folder = try TemporaryFolder()
    old = folder.file("old.jsonl")
    new = folder.file("new.jsonl")
    let late = Set((15..<20).map { "label\($0)" })
    let rows = SmallDataset(documents: 600).rows
    func write(_ rows: [SmallDataset.Row], to path: String) throws {
      try writeAtomically(
        rows.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) + "\n" }.joined(),
        to: path)
    }
    try write(rows.filter { late.isDisjoint(with: $0.labels) }, to: old)
    try write(rows.filter { !late.isDisjoint(with: $0.labels) }, to: new)
  }

  private func train(_ data: String, _ run: String, _ options: String...) throws
    -> DecantProgram.Outcome
  {
    try DecantProgram.succeed(
      ["train", data, "--output", folder.file(run)] + quickly + options)
  }

  private func labels(_ run: String) throws -> [String] {
    try JSONDecoder().decode([String].self, from: contents(folder.file(run) + "/labels.json"))
  }

  private func weight(_ name: String, of run: String) throws -> [Float] {
    try SafetensorsFile(path: folder.file(run) + "/model.safetensors").tensor(named: name).array()
  }

  private func settings(_ run: String) throws -> [String: Any] {
    let data = try contents(folder.file(run) + "/configuration.json")
    return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  @Test func `labels keep their rows, and new ones follow`() throws {
    _ = try train(old, "first", "--epochs", "7")
    let said = try train(new, "second", "--initial", folder.file("first"))
    #expect(said.messages.contains("15 labels and "), "\(said.messages)")
    #expect(said.messages.contains(" known, 5 and "), "\(said.messages)")
    let (first, second) = (try labels("first"), try labels("second"))
    #expect(first.count == 15 && second.count == 20)
    #expect(Array(second.prefix(15)) == first)
    // Settings follow the run.
    let loop = try settings("second")["loop"] as? [String: Any]
    #expect(loop?["epochs"] as? Int == 7)
    // Labels that only one of the two data sets has are known.
    for (label, number) in [("label2", 2), ("label17", 17)] {
      let text = (0..<3).map { SmallDataset.word(of: number, $0) }.joined(separator: " ")
      let found = try DecantProgram.succeed(["predict", folder.file("second"), "--k", "2", text])
      #expect(found.lines.dropFirst().contains { $0.hasSuffix(label) }, "\(found.output)")
    }
  }

  @Test func `labels without a new document are not forgotten`() throws {
    _ = try train(old, "first", "--epochs", "10", "--precision", "float32")
    let few = folder.file("few.jsonl")
    try writeAtomically(
      (0..<200).map { row in
        let number = 16 + row % 2
        return #"{"text": "word\#(number)x\#(row % 3) filler", "labels": ["label\#(number)"]}"#
          + "\n"
      }.joined(), to: few)
    _ = try train(
      few, "second", "--initial", folder.file("first"), "--epochs", "10", "--precision", "float32")
    for name in ["labels.vectors", "labels.bias"] {
      let (before, after) = (try weight(name, of: "first"), try weight(name, of: "second"))
      #expect(after.count == before.count / 15 * 17)
      #expect(Array(after.prefix(before.count)) == before, "\(name)")
    }
    for number in [2, 11, 16, 17] {
      let text = (0..<3).map { SmallDataset.word(of: number, $0) }.joined(separator: " ")
      let found = try DecantProgram.succeed(["predict", folder.file("second"), "--k", "1", text])
      #expect(found.lines.last?.hasSuffix("label\(number)") == true, "\(found.output)")
    }
  }

  @Test func `an interrupted training goes on from the run that it began with`() throws {
    _ = try train(old, "first", "--epochs", "1")
    _ = try train(new, "other", "--epochs", "1")
    let (start, run) = (folder.file("start"), folder.file("second"))
    let files = FileManager.default
    try files.copyItem(atPath: folder.file("first"), toPath: start)
    let command =
      ["train", new, "--output", run, "--initial", start, "--epochs", "2000"] + quickly
      + ["--checkpoint-interval", "0"]
    let process = try DecantProcess(command)
    process.wait { files.fileExists(atPath: run + "/checkpoint.safetensors") }
    process.send(SIGKILL)
    _ = try process.wait()
    try files.removeItem(atPath: start)
    try files.copyItem(atPath: folder.file("other"), toPath: start)
    try DecantProgram.refuse(command + ["--resume"], code: 65, "its labels are others")
  }

  @Test func `an epoch on the same documents changes little`() throws {
    _ = try train(old, "first", "--epochs", "10")
    _ = try train(
      old, "second", "--initial", folder.file("first"), "--epochs", "1", "--learning-rate", "1e-9",
      "--table-learning-rate", "1e-9", "--precision", "float32")
    func scores(_ run: String) throws -> String {
      try DecantProgram.succeed(
        ["predict", folder.file(run), "--scores", "--k", "3", "word3x0 word3x1 word9x2"]
      ).lines.map { $0.split(separator: " ").last.map(String.init) ?? "" }.joined(separator: " ")
    }
    #expect(try scores("second") == scores("first"))
  }

  @Test func `the label of text alone needs all texts`() throws {
    _ = try train(old, "first", "--epochs", "1", "--labels", "text")
    let few = folder.file("few.jsonl")
    try writeAtomically(
      (0..<20).map { #"{"text": "word17x\#($0 % 4) filler\#($0)", "labels": ["label17"]}"# + "\n" }
        .joined(), to: few)
    try DecantProgram.refuse(
      ["train", few, "--output", folder.file("second"), "--initial", folder.file("first")],
      code: 65,
      "labels.jsonl")
  }

  @Test func `refuses a run that cannot be continued`() throws {
    _ = try train(old, "wide", "--epochs", "1", "--wide")
    let second = folder.file("second")
    try DecantProgram.refuse(
      ["train", new, "--output", second, "--initial", folder.file("wide")], code: 64, "--wide")
    _ = try train(old, "first", "--epochs", "1")
    try DecantProgram.refuse(
      ["train", new, "--output", second, "--initial", folder.file("first"), "--dimension", "24"],
      code: 65, "encoder.table.weight")
    try DecantProgram.refuse(
      ["train", new, "--output", second, "--initial", folder.file("none")], code: 74, "none")
    #expect(!FileManager.default.fileExists(atPath: second))
  }

  @Test func `a continued run is calibrated on demand`() throws {
    _ = try train(old, "first", "--epochs", "2")
    let said = try train(
      new, "second", "--initial", folder.file("first"), "--epochs", "2", "--calibrate")
    #expect(said.messages.contains("not calibrated"), "\(said.messages)")
    let again = try DecantProgram.succeed(["calibrate", folder.file("second")])
    #expect(again.messages.contains("right only if"), "\(again.messages)")
  }
}
