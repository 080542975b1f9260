import Foundation
import Storage
import TestSupport
import Testing

@testable import Training

@Suite struct TuneTests {
  private let folder: TemporaryFolder
  private let data: String
  private var output: String { folder.file("tuned.json") }

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().writeSingleFile(to: folder.file("data.jsonl"))
  }

  @Test func `never replaces a file that no search wrote`() throws {
    try writeAtomically("notes", to: output)
    try DecantProgram.refuse(["tune", data, "--output", output], code: 74, output, "File exists")
    #expect(try String(contentsOfFile: output, encoding: .utf8) == "notes")
    try DecantProgram.refuse(
      ["tune", data, "--output", folder.file("none/tuned.json")], code: 74, "none")
  }

  @Test func `refuses trials that no search wrote`() throws {
    let log = output + ".trials.jsonl"
    try writeAtomically("{\"data\": 3}\n", to: log)
    try DecantProgram.refuse(["tune", data, "--output", output, "--quiet"], code: 65, log)
    #expect(try names(in: folder.path) == ["data.jsonl", "tuned.json.trials.jsonl"])
  }

  @Test func `a second search with one output is refused at once`() throws {
    let lock = try TuningLock(log: output + ".trials.jsonl")
    // Not even the data is read.
    try writeAtomically("{", to: data)
    try DecantProgram.refuse(
      ["tune", data, "--output", output], code: 74, "another process is searching")
    withExtendedLifetime(lock) {}
  }
}
