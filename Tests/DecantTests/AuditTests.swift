import Foundation
import Storage
import TestSupport
import Testing

@Suite struct AuditTests {
  private let folder: TemporaryFolder
  private let data: String
  /// Documents with a label that their text does not mention, with that label.
  private let added: [String: String]
  /// Documents that lack a label that their text mentions.
  private let removed: [String: String]

  init() throws {
    folder = try TemporaryFolder()
    var small = SmallDataset()
    var (added, removed) = ([String: String](), [String: String]())
    var random = SplitMix64(8)
    for row in (0..<small.trainCount).shuffled(using: &random).prefix(16) {
      if added.count < 8 {
        let free = (0..<SmallDataset.labelCount).map { "label\($0)" }
          .filter { !small.rows[row].labels.contains($0) }
        added["d\(row)"] = free[random.below(free.count)]
        small.rows[row].labels.append(added["d\(row)"] ?? "")
      } else {
        removed["d\(row)"] = small.rows[row].labels.removeLast()
      }
    }
    (self.added, self.removed) = (added, removed)
    data = try small.write(to: folder.file("data"))
  }

  private struct Line: Decodable {
    var fault: String
    var document: String
    var label: String
    var suspicion: Double
    var confident: Bool
    var probability: Double
    var threshold: Double
    var neighbourShare: Double?
    var neighboursWith: [String]
    var neighboursWithout: [String]
    var documentText: String
    var labelText: String
  }

  private func lines(_ file: String) throws -> [Line] {
    try folder.text(file).split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
  }

  private let training = ["--epochs", "12", "--quiet"] + quickly

  @Test func `folds are trained with the defaults for the data`() throws {
    func said(_ options: String...) throws -> String {
      try DecantProgram.succeed(
        ["audit", data, "--folds", "2", "--top", "1", "--threads", "1"] + options
      ).messages
    }
    let reason = "first lines do not begin with a name"
    #expect(try said().contains(reason))
    #expect(try !said("--defaults", "1").contains(reason))
    try DecantProgram.refuse(["audit", data, "--defaults", "3"], code: 64, "--defaults is 3")
  }

  @Test func `ranks planted errors first and corrects them`() throws {
    let verdicts = folder.file("verdicts.jsonl")
    let said = try DecantProgram.succeed(
      [
        "audit", data, "--top", "12", "--folds", "4", "--keep", folder.file("kept"), "--output",
        folder.file("found.jsonl"), "--as-feedback", verdicts,
      ] + training)
    #expect(said.output.contains("given labels; by the rule"))
    let found = try lines("found.jsonl")
    #expect(found.count == 24)
    let texts = SmallDataset().rows.map(\.text)
    for line in found {
      #expect(line.documentText == texts[Int(line.document.dropFirst()) ?? 0])
      #expect(line.labelText.hasPrefix("word\(line.label.dropFirst(5))x0 "))
    }
    let wrong = found.filter { $0.fault == "wrong" && added[$0.document] == $0.label }
    let missing = found.filter { $0.fault == "missing" && removed[$0.document] == $0.label }
    #expect(wrong.count >= 6, "\(wrong.count) of 8 wrong labels")
    #expect(missing.count >= 6, "\(missing.count) of 8 missing labels")
    for line in wrong {
      #expect(line.probability < line.threshold && line.neighboursWithout.count == 3)
    }
    #expect(missing.count { ($0.neighbourShare ?? 0) > 0.2 && !$0.neighboursWith.isEmpty } >= 5)
    for line in missing {
      #expect(!line.neighboursWith.contains(line.document))
    }

    // What was kept gives the same lists without training.
    try DecantProgram.succeed([
      "audit", data, "--top", "12", "--scores", folder.file("kept"), "--output",
      folder.file("again.tsv"), "--quiet",
    ])
    let table = try folder.text("again.tsv").split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false)
    }
    #expect(table.count == 25 && table.allSatisfy { $0.count == 12 })
    #expect(
      table.dropFirst().map { [$0[0], $0[1], $0[2]].map(String.init) }
        == found.map { [$0.fault, $0.document, $0.label] })

    // Training accepts the verdicts.
    let trained = try DecantProgram.succeed(
      ["train", data, "--output", folder.file("run"), "--feedback", verdicts, "--epochs", "1"]
        + quickly)
    #expect(trained.messages.contains("changed, 0 added"), "\(trained.messages)")
  }

  @Test func `the table holds one list or both`() throws {
    try DecantProgram.succeed(
      [
        "audit", data, "--folds", "2", "--keep", folder.file("kept"), "--output",
        folder.file("x.tsv"), "--neighbours", "0",
      ] + training)
    #expect(try folder.text("x.tsv").contains("missing\t"))
    let usual = ["audit", data, "--scores", folder.file("kept"), "--top", "3"]
    let both = try DecantProgram.succeed(usual).output
    #expect(both.contains("probably wrong") && both.contains("probably missing"))
    let missing = try DecantProgram.succeed(usual + ["--missing"]).output
    #expect(!missing.contains("probably wrong") && missing.contains("probably missing"))
    // A heading, and for each finding a line of numbers and one of text.
    let lines = missing.split(separator: "\n")
    #expect(lines.count == 8)
    #expect(lines[3].contains(#/filler|word/#) && lines[2].contains(#/label\d+  word\d+x0 /#))
    #expect(try DecantProgram.succeed(usual + ["--wrong"]).output.contains("probably wrong"))
  }

  @Test func `rejects invalid audit options`() throws {
    try DecantProgram.refuse(["audit", data, "--folds", "1"], code: 64, "--folds is 1")
    try DecantProgram.refuse(["audit", data, "--top", "0"], code: 64, "--top is 0")
    try DecantProgram.refuse(["audit", data, "--missing", "--wrong"], code: 64, "or neither")
    try DecantProgram.refuse(
      ["audit", data, "--output", "x.txt"], code: 64, ".jsonl, .tsv or .csv")
    try DecantProgram.refuse(
      ["audit", data, "--scores", "x", "--epochs", "3"], code: 64, "trains nothing")
    try DecantProgram.refuse(["audit", data, "--scores", folder.file("none")], code: 74, "none")
    let few = try folder.write(
      (0..<3).map { "{\"text\":\"a b\($0)\",\"labels\":[\"x\"]}\n" }.joined(), to: "few.jsonl")
    try DecantProgram.refuse(["audit", few, "--folds", "50"], code: 65, "folds")
  }

  @Test func `rejects kept scores of other data`() throws {
    try DecantProgram.succeed(
      [
        "audit", data, "--folds", "2", "--keep", folder.file("kept"), "--output",
        folder.file("x.tsv"),
      ]
        + training)
    let other = try SmallDataset(documents: 200).write(to: folder.file("other"))
    try DecantProgram.refuse(
      ["audit", other, "--scores", folder.file("kept")], code: 65, "another data set")
    var bytes = try contents(folder.file("kept/probabilities.csr"))
    bytes[bytes.count / 2] ^= 1
    try folder.write(bytes, to: "kept/probabilities.csr")
    try DecantProgram.refuse(
      ["audit", data, "--scores", folder.file("kept")], code: 65, "checksum")
  }
}
