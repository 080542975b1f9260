import Foundation
import Retrieval
import Storage
import TestSupport
import Testing

/// `decant index` and `decant search`, of a run and of its documents.
@Suite struct IndexTests {
  private let folder: TemporaryFolder
  private let run: String
  private let texts: String

  init() throws {
    folder = try TemporaryFolder()
    run = folder.file("run")
    texts = folder.file("texts")
    let data = try SmallDataset().write(to: folder.file("data"))
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "3"] + quickly)
    try writeAtomically(
      SmallDataset().rows.suffix(30).map { $0.text + "\n" }.joined(), to: texts)
  }

  private static let hasLibrary: Bool = {
    do {
      try SearchLibrary.load()
      return true
    } catch {
      return false
    }
  }()

  private struct Line: Decodable {
    struct Label: Decodable {
      var id: String
      var score: Double
    }
    var labels: [Label]?
    var documents: [Label]?

    var results: [Label] { labels ?? documents ?? [] }
  }

  private func answers(_ arguments: String...) throws -> [[Line.Label]] {
    try DecantProgram.succeed(arguments + ["--json", "--file", texts]).lines
      .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)).results }
  }

  private static let kinds = [[], ["--exact"], ["--quantized"]]

  /// All kinds rank all labels as `decant predict` does, with its scores.
  @Test(arguments: kinds)
  func `ranks labels like predict`(kind: [String]) throws {
    try #require(
      kind == ["--exact"] || Self.hasLibrary, "needs the search library: run Scripts/setup")
    let index = folder.file("labels.index")
    let said = try DecantProgram.succeed(["index", run, "--output", index] + kind)
    #expect(said.messages.contains(", with codes") == (kind == ["--quantized"]))
    #expect(said.messages.contains("20 labels of "))
    let predicted = try answers("predict", run, "--k", "20")
    let found = try answers("search", index, run, "--k", "20")
    #expect(found.count == 30 && predicted.count == 30)
    for (one, other) in zip(found, predicted) {
      // Rounding may exchange labels of nearly equal scores.
      expectClose(one.map(\.score), other.map(\.score), tolerance: 1e-4)
      #expect(one.prefix(3).map(\.id) == other.prefix(3).map(\.id))
      #expect(Set(one.map(\.id)) == Set(other.map(\.id)))
    }
  }

  @Test func `every document is its own nearest neighbour`() throws {
    let index = folder.file("documents.index")
    try DecantProgram.succeed(
      ["index", run, "--of", "documents", "--exact", "--scalar", "float16", "--output", index])
    let found = try answers("search", index, run, "--k", "1")
    #expect(found.map { $0.first?.id } == (270..<300).map { "d\($0)" })
    for labels in found { expectClose(labels.first?.score ?? .nan, 1, tolerance: 1e-3) }
  }

  @Test(arguments: kinds)
  func `adds and removes labels`(kind: [String]) throws {
    try #require(
      kind == ["--exact"] || Self.hasLibrary, "needs the search library: run Scripts/setup")
    let index = folder.file("labels.index")
    try DecantProgram.succeed(["index", run, "--output", index] + kind)
    let words = (0..<4).map { SmallDataset.word(of: 4, $0) }.joined(separator: " ")
    try DecantProgram.succeed(
      ["index", run, "--update", index, "--add", "twin=\(words)", "--remove", "label7"])
    if Self.hasLibrary {
      // The kind stays.
      #expect((try ExactSearch(path: index).codeBytes != nil) == (kind == ["--quantized"]))
    }
    let search = ["search", index, run, "--k", "30", "--json", words]
    let line = try DecantProgram.succeed(search).lines[0]
    let found = try JSONDecoder().decode(Line.self, from: Data(line.utf8)).results.map(\.id)
    #expect(found.count == 20 && found.prefix(2).sorted() == ["label4", "twin"])
    #expect(!found.contains("label7"))
    try DecantProgram.refuse(
      ["index", run, "--update", index, "--remove", "label7"], code: 65, "no “label7” to remove")
  }

  /// Whenever an update is killed, the index is the one before or the one after.
  @Test func `a killed update is applied whole or not at all`() throws {
    let index = folder.file("labels.index")
    try DecantProgram.succeed(["index", run, "--output", index, "--exact"])
    let words = (0..<4).map { SmallDataset.word(of: 4, $0) }.joined(separator: " ")
    func update(_ name: String) -> [String] {
      ["index", run, "--update", index, "--add", "\(name)=\(words)"]
    }
    let begun = ContinuousClock.now
    try DecantProgram.succeed(update("first"))
    var duration = ContinuousClock.now - begun
    var random = SplitMix64(5)
    var known = 21
    var kills = 0
    for round in 0..<8 {
      let process = try DecantProcess(update("new\(round)"))
      usleep(UInt32(duration * Double.random(in: 0.3..<1, using: &random) / .microseconds(1)))
      process.send(SIGKILL)
      let code = try process.wait().code
      #expect([-SIGKILL, 0].contains(code))
      // The first update may have been slow because other tests ran.
      if code == -SIGKILL { kills += 1 } else { duration = duration / 2 }
      let line = try DecantProgram.succeed(["search", index, run, "--k", "50", "--json", words])
        .lines[0]
      let found = try JSONDecoder().decode(Line.self, from: Data(line.utf8)).results.map(\.id)
      let isThere = found.contains("new\(round)")
      #expect(isThere || code != 0, "an update that ended well is lost")
      known += isThere ? 1 : 0
      #expect(found.count == known)
    }
    #expect(kills > 0)
  }

  @Test func `reports invalid indexes and options`() throws {
    try DecantProgram.refuse(["search", texts, run, "x"], code: 65, "this is not an index")
    try DecantProgram.refuse(["search", folder.file("no"), run, "x"], code: 74, "cannot open")
    try DecantProgram.refuse(["index", run], code: 64, "--output")
    try DecantProgram.refuse(
      ["index", run, "--output", texts, "--quantized", "--exact"], code: 64, "have no graph")
    try DecantProgram.refuse(
      ["index", run, "--output", texts, "--quantized", "--breadth", "9"], code: 64,
      "which --quantized leaves out")
    try DecantProgram.refuse(
      ["index", run, "--update", texts, "--remove", "a", "--quantized"], code: 64,
      "keeps the kind")
    try DecantProgram.refuse(
      ["index", run, "--output", texts, "--add", "a=b"], code: 64, "--update")
  }
}
