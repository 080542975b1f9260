import Foundation
import TestSupport
import Testing
import Torch

/// Odd names through every command: each comes back with the same bytes, or is refused with its
/// place; none ends a command otherwise, and none comes back as another.
@Suite struct NameTableTests {
  private struct Trained: Sendable {
    let folder: TemporaryFolder
    let data: String
    let run: String
    let labels: [String]
    let documents: [String]

    init() throws {
      folder = try TemporaryFolder()
      data = folder.file("data")
      run = folder.file("run")
      (labels, documents) = try OddNames.writeDataset(to: data)
      try DecantProgram.succeed(
        ["train", data, "--output", run, "--quiet", "--epochs", "2", "--patience", "2"] + quickly)
    }
  }

  /// Trained once; the tests only read it.
  private static let trained = Result { try Trained() }

  private struct Ranking: Decodable {
    struct Label: Decodable {
      var id: String
    }
    var labels: [Label]?
    var documents: [Label]?
  }

  private func names(_ line: String) throws -> [String] {
    let ranking = try JSONDecoder().decode(Ranking.self, from: Data(line.utf8))
    return try #require(ranking.labels ?? ranking.documents).map(\.id)
  }

  private func list(_ path: String) throws -> [String] {
    try JSONDecoder().decode([String].self, from: try contents(path))
  }

  /// Whether both hold the same names, byte by byte, in any order.
  private func areSame(_ left: [String], _ right: [String]) -> Bool {
    func sorted(_ names: [String]) -> [String] {
      names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
    return OddNames.areSame(sorted(left), sorted(right))
  }

  @Test func `a run keeps unusual names`() throws {
    let trained = try Self.trained.get()
    #expect(OddNames.areSame(try list("\(trained.run)/labels.json"), trained.labels))
    try DecantProgram.succeed(["report", trained.run, "--output", trained.folder.file("r.html")])
    try DecantProgram.succeed(["export", trained.run, "--output", trained.folder.file("r.onnx")])
    try DecantProgram.succeed(["runs", trained.folder.path, "--json"])
  }

  @Test func `predict prints unusual names`() throws {
    let trained = try Self.trained.get()
    let predict = ["predict", trained.run, "--k", "20", "word1x1 cafe\u{301}\nword2x2"]
    let line = try DecantProgram.succeed(predict + ["--json"]).lines[0]
    #expect(areSame(try names(line), trained.labels))
    #expect(line.utf8.contains("caf\u{E9}".utf8))
    // One line a label, and nothing that a terminal obeys.
    let shown = try DecantProgram.succeed(predict).output
    #expect(shown.split(separator: "\n", omittingEmptySubsequences: false).count == 22)
    #expect(shown.unicodeScalars.allSatisfy { $0 == "\n" || !$0.isControlCharacter })
    #expect(shown.contains(#"two\nlines\tand a tab\r\n"#))
  }

  @Test func `evaluate and calibrate accept unusual names`() throws {
    let trained = try Self.trained.get()
    let folder = try TemporaryFolder()
    // A copy: calibrate writes into the run.
    let run = folder.file("run")
    try FileManager.default.copyItem(atPath: trained.run, toPath: run)
    try DecantProgram.succeed(["calibrate", run, "--objective", "macro"])
    let line = try DecantProgram.succeed(
      ["predict", run, "--calibrated", "--k", "20", "--json", "word1x1"]
    ).lines[0]
    #expect(areSame(try names(line), trained.labels))
    try DecantProgram.succeed(
      ["evaluate", run, "--json", "--rankings", folder.file("rankings.jsonl")])
    struct Line: Decodable {
      var id: String
      var labels: [String]
    }
    let lines = try folder.text("rankings.jsonl").split(separator: "\n").map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8))
    }
    #expect(OddNames.areSame(lines.map(\.id), trained.documents.suffix(60)))
    #expect(areSame(lines[0].labels, trained.labels))
  }

  @Test func `index and search print unusual names`() throws {
    let trained = try Self.trained.get()
    let folder = try TemporaryFolder()
    let index = folder.file("labels.index")
    func found(_ index: String, _ k: Int) throws -> [String] {
      try names(
        try DecantProgram.succeed(
          ["search", index, trained.run, "--k", "\(k)", "--json", "word1x1"]
        ).lines[0])
    }
    try DecantProgram.succeed(["index", trained.run, "--exact", "--output", index])
    #expect(areSame(try found(index, 30), trained.labels))
    // The first “=” parts, unless a backslash is in front of it.
    let removed = OddNames.decomposed(trained.labels[0])
    try DecantProgram.succeed(
      ["index", trained.run, "--update", index, "--add", #"a\=b\=c=word1x1 word1x2"#]
        + ["--add", "x=y=word1x1", "--add", "cafe\u{301}s=word1x1", "--remove", removed])
    #expect(
      areSame(try found(index, 30), trained.labels.dropFirst() + ["x", "caf\u{E9}s"]))
    let documents = folder.file("documents.index")
    try DecantProgram.succeed(
      ["index", trained.run, "--of", "documents", "--exact", "--output", documents])
    #expect(areSame(try found(documents, 300), trained.documents))
    for kind in ["labels", "documents"] {
      try DecantProgram.succeed(
        ["embed", trained.run, "--of", kind, "--output", folder.file("\(kind).npy")])
    }
    #expect(OddNames.areSame(try list(folder.file("labels.ids.json")), trained.labels))
    #expect(OddNames.areSame(try list(folder.file("documents.ids.json")), trained.documents))
  }

  @Test func `audit and feedback accept unusual names`() throws {
    let trained = try Self.trained.get()
    let folder = try TemporaryFolder()
    let audit =
      ["audit", trained.data, "--quiet", "--top", "40", "--minimum-count", "1"]
      + ["--epochs", "1", "--folds", "2"] + quickly
    try DecantProgram.succeed(
      audit + [
        "--keep", folder.file("kept"), "--output", folder.file("x.tsv"),
        "--as-feedback", folder.file("verdicts.jsonl"),
      ])
    let rows = try folder.text("x.tsv").utf8.split(separator: UInt8(ascii: "\n")).map { line in
      line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        .map { field(String(Substring($0))) }
    }
    #expect(rows.count > 41 && rows.allSatisfy { $0.count == 12 })
    let known = (Set(trained.documents.map(bytes)), Set(trained.labels.map(bytes)))
    for row in rows.dropFirst() {
      #expect(known.0.contains(bytes(row[1])) && known.1.contains(bytes(row[2])))
    }
    // What is shown has a line a finding.
    let shown = try DecantProgram.succeed(
      ["audit", trained.data, "--scores", folder.file("kept"), "--minimum-count", "1", "--missing"])
    #expect(shown.output.contains("\n    1"))
    try DecantProgram.succeed(
      ["train", trained.data, "--feedback", folder.file("verdicts.jsonl"), "--quiet"]
        + ["--output", folder.file("run"), "--epochs", "1"] + quickly)
    #expect(OddNames.areSame(try list(folder.file("run/labels.json")), trained.labels))
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// Reads a field of tab-separated values.
  private func field(_ text: String) -> String {
    var result = ""
    var rest = Substring(text).unicodeScalars
    while let scalar = rest.popFirst() {
      guard scalar == "\\", let letter = rest.popFirst() else {
        result.unicodeScalars.append(scalar)
        continue
      }
      switch letter {
      case "t": result += "\t"
      case "n": result += "\n"
      case "r": result += "\r"
      case "u":
        let digits = String(rest.prefix(4))
        rest.removeFirst(4)
        result.unicodeScalars.append(
          UInt32(digits, radix: 16).flatMap { Unicode.Scalar($0) } ?? "\u{FFFD}")
      default: result.unicodeScalars.append(letter)
      }
    }
    return result
  }

  @Test func `datasets round-trip unusual names`() throws {
    let trained = try Self.trained.get()
    let folder = try TemporaryFolder()
    let shown = try DecantProgram.succeed(["inspect", trained.data, "--json"]).output
    #expect(shown.utf8.contains(OddNames.read("\u{30AB}\u{3099}").utf8))
    try DecantProgram.succeed(
      ["data", "export", trained.data, "--format", "svmlight", "--output", folder.file("bags")])
    try DecantProgram.succeed(
      ["data", "import", "--format", "svmlight", folder.file("bags")]
        + ["--output", folder.file("back")])
    let encoder = JSONEncoder()
    struct Record: Encodable {
      var uid: String
      var title: String
      var target_ind: [Int]?
    }
    func write(_ records: [Record], _ name: String) throws {
      try folder.write(
        try records.map { String(decoding: try encoder.encode($0), as: UTF8.self) + "\n" }.joined(),
        to: name)
    }
    try FileManager.default.createDirectory(
      atPath: folder.file("xmc"), withIntermediateDirectories: true)
    let odd = OddNames.taken.map(OddNames.decomposed)
    try write(odd.map { Record(uid: $0, title: "label") }, "xmc/lbl.json")
    try write(odd.map { Record(uid: $0, title: "text", target_ind: [0, 1]) }, "xmc/trn.json")
    try DecantProgram.succeed(
      ["data", "import", "--format", "xmc-text", folder.file("xmc")]
        + ["--output", folder.file("imported")])
    let wanted = OddNames.taken.map(OddNames.read)
    for file in ["documents", "labels"] {
      struct Line: Decodable {
        var id: String
      }
      let lines = try folder.text("imported/\(file).jsonl").split(separator: "\n")
      let ids = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)).id }
      #expect(OddNames.areSame(ids, wanted))
    }
  }

  /// Two forms of one name in one place are one label, and one document too many.
  @Test func `two Unicode forms are one name`() throws {
    let folder = try TemporaryFolder()
    let twins = ["caf\u{E9}", "cafe\u{301}"]
    let lines = (0..<40).map { index in
      "{\"text\":\"alpha \(index)\",\"labels\":[\"\(twins[index % 2])\",\"x\(index % 3)\"]}\n"
    }
    let data = try folder.write(lines.joined(), to: "nf.jsonl")
    let run = folder.file("run")
    let verdict = try folder.write(
      "{\"text\":\"alpha 1\",\"labels\":[\"x1\"],\"rejected\":[\"cafe\u{301}\"]}\n"
        + "{\"text\":\"cafe\u{301}\",\"labels\":[\"x0\"]}\n{\"text\":\"caf\u{E9}\",\"labels\":[\"x1\"]}\n",
      to: "f.jsonl")
    let settings = ["--quiet", "--epochs", "1", "--batch-size", "4", "--threads", "1"]
    try DecantProgram.succeed(
      ["train", data, "--feedback", verdict, "--output", run] + settings)
    #expect(areSame(try list("\(run)/labels.json"), ["caf\u{E9}", "x0", "x1", "x2"]))
    try DecantProgram.succeed(["predict", run, "alpha 1"])
    try DecantProgram.succeed(["audit", data, "--folds", "2"] + settings)
    let both = try folder.write(
      "{\"text\":\"alpha\",\"labels\":[\"caf\u{E9}\",\"cafe\u{301}\"]}\n" + lines.joined(),
      to: "one.jsonl")
    try DecantProgram.succeed(["inspect", both])
    let ids = try folder.write(
      twins.map { "{\"id\":\"\($0)\",\"text\":\"a\",\"labels\":[\"x\"]}\n" }.joined(), to: "i.jsonl"
    )
    try DecantProgram.refuse(
      ["inspect", ids], code: 65, "i.jsonl:2:8: the id \"caf\u{E9}\" appears")
  }

  /// Runs of before names were brought to one form.
  @Test func `opens runs stored before normalization`() throws {
    let trained = try Self.trained.get()
    let folder = try TemporaryFolder()
    let run = folder.file("run")
    try FileManager.default.copyItem(atPath: trained.run, toPath: run)
    func write(_ labels: [String]) throws {
      try JSONEncoder().encode(labels).write(to: URL(filePath: "\(run)/labels.json"))
    }
    // Such a run has no checksums.
    try unseal(run)
    try write(trained.labels.map(OddNames.decomposed))
    let line = try DecantProgram.succeed(["predict", run, "--k", "20", "--json", "word1x1"]).lines[
      0]
    #expect(areSame(try names(line), trained.labels))
    try DecantProgram.succeed(["evaluate", run])
    try write(["caf\u{E9}", "cafe\u{301}"] + trained.labels.dropFirst(2))
    try DecantProgram.refuse(
      ["predict", run, "word1x1"], code: 65, "labels.json: the label \"caf\u{E9}\" appears a second"
    )
  }

  @Test(arguments: OddNames.refused)
  func `rejects invalid names with their position`(name: String) throws {
    let trained = try Self.trained.get()
    let folder = try TemporaryFolder()
    let json = String(decoding: try JSONEncoder().encode(name), as: UTF8.self)
    let good = "{\"id\":\"a\",\"text\":\"alpha\",\"labels\":[\"x\"]}\n"
    let reason = name.isEmpty ? "is empty" : "control character U+"
    for (file, line) in [
      ("label.jsonl", "{\"id\":\"b\",\"text\":\"beta\",\"labels\":[\(json)]}\n"),
      ("id.jsonl", "{\"id\":\(json),\"text\":\"beta\",\"labels\":[\"x\"]}\n"),
    ] {
      let path = try folder.write(good + line, to: file)
      try DecantProgram.refuse(["inspect", path], code: 65, "\(file):2:", reason)
      let shown = try DecantProgram.succeed(["inspect", path, "--skip-bad", "--json"])
      #expect(shown.output.contains("\"skippedLines\":1"))
    }
    let verdict = try folder.write(
      "{\"text\":\"alpha\",\"labels\":[\(json)]}\n", to: "verdict.jsonl")
    try DecantProgram.refuse(
      ["train", trained.data, "--feedback", verdict, "--output", folder.file("run")], code: 65,
      "verdict.jsonl:1:", reason)
    // No argument of a command holds U+0000.
    guard !name.contains("\0") else { return }
    let index = folder.file("labels.index")
    try DecantProgram.succeed(["index", trained.run, "--exact", "--output", index])
    try DecantProgram.refuse(
      ["index", trained.run, "--update", index, "--add", "\(name)=word1x1"], code: 65, "--add",
      reason)
  }

  @Test func `accepts texts with control characters other than NUL`() throws {
    let folder = try TemporaryFolder()
    let bad = try folder.write(
      "{\"text\":\"nul\\u0000after\",\"labels\":[\"x\"]}\n", to: "bad.jsonl")
    try DecantProgram.refuse(
      ["inspect", bad], code: 65, "bad.jsonl:1:13: \"text\" contains the control character U+0000")
    let good = try folder.write(
      "{\"text\":\"\\u001b[2J\\n\\ttab\",\"labels\":[\"x\"]}\n", to: "good.jsonl")
    try DecantProgram.succeed(["inspect", good])
  }
}

extension Unicode.Scalar {
  fileprivate var isControlCharacter: Bool { properties.generalCategory == .control }
}
