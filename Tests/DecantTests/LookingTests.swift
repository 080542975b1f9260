import Foundation
import Storage
import TestSupport
import Testing

/// `decant report`, `decant runs` and `decant inspect` as people call them.
@Suite struct LookingTests {
  private let folder: TemporaryFolder
  private let data: String
  private let run: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset(documents: 150).write(to: folder.file("data"))
    run = folder.file("runs/first")
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "2", "--patience", "1"] + quickly)
  }

  @Test func `a report is a single file`() throws {
    let said = try DecantProgram.succeed(["report", run])
    #expect(said.output == "\(run)/report.html\n")
    let page = try contents("\(run)/report.html")
    #expect(String(decoding: page, as: UTF8.self).contains("<h2>Examples</h2>"))
    try DecantProgram.succeed(["report", run, "--output", folder.file("x.html")])
    #expect(try contents(folder.file("x.html")) == page)
    try DecantProgram.succeed(
      ["report", run, "--split", "validation", "--output", folder.file("v.html")])
    #expect(try contents(folder.file("v.html")) != page)
    try DecantProgram.refuse(["report", folder.file("none")], code: 74, "none")
    try DecantProgram.refuse(
      ["report", run, "--output", folder.file("no/x.html")], code: 74, "x.html")
    try DecantProgram.refuse(["report", run, "--data", folder.file("d")], code: 74, "cannot")
  }

  @Test func `lists damaged runs too`() throws {
    try FileManager.default.copyItem(atPath: run, toPath: folder.file("runs/second"))
    try writeAtomically("{", to: folder.file("runs/second/run.json"))
    let table = try DecantProgram.succeed(["runs", folder.file("runs"), "--by", "nDCG@5"])
    #expect(table.lines.count == 3)
    #expect(table.lines[1].contains("runs/first") && table.lines[1].hasSuffix("finished"))
    #expect(table.lines[2].contains("damaged: "))
    let best = try DecantProgram.succeed(["runs", folder.file("runs"), "--best"])
    #expect(best.output == run + "\n")
    let lines = try DecantProgram.succeed(["runs", folder.file("runs"), "--json"]).lines
    struct Line: Decodable { var path: String; var state: String }
    let decoded = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    #expect(decoded.map(\.state) == ["finished", "damaged"])
    let compared = try DecantProgram.succeed(["runs", "--compare", run, run])
    #expect(compared.output.contains("all settings are the same"))
    try DecantProgram.refuse(["runs", "--compare", run], code: 64, "two runs")
    try DecantProgram.refuse(["runs", folder.file("none")], code: 74, "none")
    try DecantProgram.refuse(["runs", run, "--by", "test"], code: 64, "test")
    try DecantProgram.refuse(["runs", data, "--best"], code: 65, "no finished run")
  }

  @Test func `inspects datasets`() throws {
    let table = try DecantProgram.succeed(["inspect", data])
    #expect(table.lines[0].contains("150 documents of texts, 20 labels"))
    struct Object: Decodable { var documents: Int; var labelsOfHalfThePairs: Int }
    let json = try DecantProgram.succeed(["inspect", data, "--json"])
    #expect(try JSONDecoder().decode(Object.self, from: Data(json.output.utf8)).documents == 150)
    let file = try SmallDataset(documents: 150).writeSingleFile(to: folder.file("one.jsonl"))
    #expect(try DecantProgram.succeed(["inspect", file]).output.contains("words per text"))
    let page = folder.file("page.html")
    let said = try DecantProgram.succeed(["inspect", data, "--output", page])
    #expect(said.output.isEmpty && said.messages.hasPrefix("\(page): "))
    #expect(try folder.text("page.html").contains("fewer than 500 documents"))
    #expect(table.output.contains("train takes loop.epochs 20: fewer than 500 documents"))
    try DecantProgram.refuse(["inspect", data, "--output", "x.txt"], code: 64, ".html")
    try DecantProgram.refuse(["inspect", data, "--near", "0.2"], code: 64, "0.2")
    try DecantProgram.refuse(["inspect", folder.file("none")], code: 74, "none")
  }
}
