import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// Lines that are not UTF-8, in the commands that answer line by line.
@Suite struct BadLinesTests {
  private let folder: TemporaryFolder
  private let run: String
  private let texts: String

  init() throws {
    folder = try TemporaryFolder()
    let data = try SmallDataset(documents: 100).write(to: folder.file("data"))
    run = folder.file("run")
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--epochs", "1", "--quiet"] + quickly)
    texts = try folder.write(
      Data("word0x0\nfactur".utf8) + [0xE9] + Data("\nword1x1\n".utf8), to: "texts")
  }

  private struct Answer: Decodable {
    struct Label: Decodable { var id: String }
    var text: String?
    var labels: [Label]?
    var error: String?
    var line: Int?
  }

  private func answers(_ outcome: DecantProgram.Outcome) throws -> [Answer] {
    try outcome.lines.map { try JSONDecoder().decode(Answer.self, from: Data($0.utf8)) }
  }

  @Test func `answers the valid lines`() throws {
    let index = folder.file("labels.index")
    try DecantProgram.succeed(["index", run, "--output", index, "--exact"])
    for command in [["predict", run], ["search", index, run]] {
      for input in [command + ["--json", "--file", texts], command + ["--json"]] {
        let outcome = try DecantProgram.run(
          input, input: input.contains("--file") ? "/dev/null" : texts)
        #expect(outcome.code == 65, "\(outcome.messages)")
        #expect(outcome.messages.contains(":2:7: the line is not UTF-8 (byte 0xE9)"))
        #expect(outcome.messages.contains("2 other lines answered"), "\(outcome.messages)")
        // A line of answers for each line of texts.
        let found = try answers(outcome)
        #expect(found.map(\.text) == ["word0x0", nil, "word1x1"])
        #expect(found[1].line == 2 && found[1].error?.contains("0xE9") == true)
        #expect(found[0].labels?.count == 5 && found[1].labels == nil)
      }
      let plain = try DecantProgram.run(command + ["--k", "1", "--file", texts])
      #expect(plain.code == 65 && plain.lines.count == 4)
      let skipping = try DecantProgram.succeed(
        command + ["--json", "--skip-bad", "--file", texts])
      #expect(try answers(skipping).count == 3)
      #expect(skipping.messages.contains("left out"))
      try DecantProgram.refuse(command + ["--skip-bad", "a text"], code: 64, "--skip-bad")
    }
  }

  @Test func `embedding rows stay aligned with input lines`() throws {
    let output = folder.file("rows.npy")
    try DecantProgram.refuse(
      ["embed", run, "--output", output, "--file", texts], code: 65, "nothing was written")
    #expect(!FileManager.default.fileExists(atPath: output))
    try DecantProgram.succeed(
      ["embed", run, "--output", output, "--skip-bad", "--file", texts])
    #expect(try contents(folder.file("rows.ids.json")) == Data("[\"1\",\"3\"]\n".utf8))
    #expect(try NumpyFile.read(output).shape == [2, 16])
  }

  @Test func `skips a byte order mark and names other formats`() throws {
    let marked = try folder.write("\u{FEFF}word0x0\r\n", to: "marked")
    let outcome = try DecantProgram.succeed(["predict", run, "--json", "--file", marked])
    #expect(try answers(outcome).map(\.text) == ["word0x0"])
    let packed = try folder.write(Data([0x1F, 0x8B, 8, 0, 10, 200]), to: "packed")
    try DecantProgram.refuse(["predict", run, "--file", packed], code: 65, "gzip -dc")
    let wide = try folder.write(Data([0xFF, 0xFE, 0x61, 0, 10, 0]), to: "wide")
    try DecantProgram.refuse(["predict", run, "--file", wide], code: 65, "UTF-16")
    let records = try folder.write("{\"text\":\"word0x0\"}\n", to: "records")
    let said = try DecantProgram.succeed(["predict", run, "--file", records])
    #expect(said.messages.contains("look like JSON"))
  }

  @Test func `lists many malformed lines by number`() throws {
    var bytes = Data()
    for line in 0..<30 { bytes += line % 2 == 0 ? Data([0xFF, 10]) : Data("word\n".utf8) }
    // The first line of such a file must not look like UTF-16.
    let path = try folder.write(Data("word\n".utf8) + bytes, to: "many")
    let outcome = try DecantProgram.run(["predict", run, "--json", "--file", path])
    #expect(outcome.code == 65 && outcome.lines.count == 31)
    #expect(outcome.messages.contains("15 lines are not UTF-8: 2, 4, 6, "), "\(outcome.messages)")
  }
}
