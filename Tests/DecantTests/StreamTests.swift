import Foundation
import TestSupport
import Testing

@Suite struct StreamTests {
  private struct Values: Decodable, Equatable {
    var microF1: Double
    var macroF1: Double
    var exampleF1: Double
    var subsetAccuracy: Double
    var hammingLoss: Double
  }

  private struct Summary: Decodable {
    struct Line: Decodable {
      var documents: Int
      var faded: Values
    }
    var learner: String
    var features: String
    var labels: Int
    var documents: Int
    var overall: Values
    var state: [String: Double]
    var lines: [Line]
  }

  private func summary(_ arguments: [String]) throws -> Summary {
    let outcome = try DecantProgram.succeed(["stream"] + arguments + ["--json"])
    return try JSONDecoder().decode(Summary.self, from: Data(outcome.output.utf8))
  }

  @Test func `tests every document before learning from it`() throws {
    let folder = try TemporaryFolder()
    let path = try SmallDataset().write(to: folder.path + "/data")
    let streamed = try summary([path, "--interval", "100"])
    #expect(streamed.documents == 300 && streamed.labels == SmallDataset.labelCount)
    #expect(streamed.features == "sparse" && streamed.learner == "ihomer")
    #expect(streamed.lines.map(\.documents) == [100, 200, 300])
    #expect(streamed.overall.microF1 > 0.3 && streamed.overall.microF1 < 1)
    #expect((streamed.state["clusters"] ?? 0) >= 1)
    // Nothing is known of the first one.
    #expect(try summary([path, "--learner", "tree", "--limit", "1"]).overall.microF1 == 0)
    let prior = try summary([path, "--learner", "prior"])
    #expect(prior.overall.microF1 < streamed.overall.microF1)
    #expect(prior.lines.count == 10)
  }

  @Test func `uses file order or a seeded shuffle`() throws {
    let folder = try TemporaryFolder()
    let path = try SmallDataset(documents: 120).write(to: folder.path + "/data")
    let arguments = [path, "--learner", "logistic"]
    let inOrder = try summary(arguments).overall
    #expect(try summary(arguments).overall == inOrder)
    let shuffled = try summary(arguments + ["--shuffle-seed", "3"]).overall
    #expect(shuffled != inOrder)
    #expect(try summary(arguments + ["--shuffle-seed", "3"]).overall == shuffled)
  }

  @Test func `the table ends with the overall row`() throws {
    let folder = try TemporaryFolder()
    let path = try SmallDataset(documents: 60).writeSingleFile(to: folder.path + "/data.jsonl")
    let outcome = try DecantProgram.succeed(
      ["stream", path, "--learner", "tree", "--limit", "40", "--interval", "20"])
    #expect(outcome.lines.count == 6)
    #expect(outcome.lines[0].hasPrefix("documents   micro F1"))
    #expect(outcome.lines[2].contains("       40 "))
    #expect(outcome.lines[3].contains("all "))
    #expect(outcome.lines[5] == "leaves 1")
  }

  @Test func `reports an unreadable dataset`() throws {
    try DecantProgram.refuse(["stream", "/no/such/place"], code: 74, "/no/such/place")
  }

  @Test(arguments: [["--fading", "0"], ["--interval", "0"], ["--limit", "-1"]])
  func `rejects options out of range`(_ options: [String]) throws {
    let outcome = try DecantProgram.run(["stream", "data"] + options)
    #expect(outcome.code == 64 && outcome.messages.contains(options[0]))
  }
}
