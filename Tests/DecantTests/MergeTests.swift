import Foundation
import TestSupport
import Testing

/// `decant merge` from the outside.
@Suite struct MergeTests {
  private let folder: TemporaryFolder
  private let data: String
  private let runs: [String]

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    runs = [folder.file("one"), folder.file("two")]
    for (seed, run) in runs.enumerated() {
      try DecantProgram.succeed(
        ["train", data, "--output", run, "--quiet", "--seed", "\(seed)"] + quickly)
    }
  }

  private func predicted(_ arguments: [String]) throws -> [String: Double] {
    struct Answer: Decodable {
      struct Label: Decodable {
        var id: String
        var score: Double
      }
      var labels: [Label]
    }
    let outcome = try DecantProgram.succeed(
      ["predict"] + arguments + ["--json", "--k", "100", "word3x1 word3x2"])
    let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
    return Dictionary(answer.labels.map { ($0.id, $0.score) }) { $1 }
  }

  @Test func `a merged run predicts like its runs together`() throws {
    let merged = folder.file("merged")
    let outcome = try DecantProgram.succeed(["merge"] + runs + ["--output", merged])
    #expect(outcome.output.contains("the mean of 2 runs"))
    let (found, mean) = (try predicted([merged]), try predicted([runs[0], "--with", runs[1]]))
    #expect(found.count == mean.count)
    for (label, score) in found { expectClose(score, mean[label] ?? .nan, tolerance: 1e-4, label) }
    try DecantProgram.succeed(["evaluate", merged])
    try DecantProgram.succeed(["runs", folder.file("")])
    let small = folder.file("small")
    try DecantProgram.succeed(["merge"] + runs + ["--output", small, "--dimension", "3"])
    #expect(try predicted([small]).count == mean.count)
  }

  @Test func `refuses one run, a folder in use and too many dimensions`() throws {
    let merged = folder.file("merged")
    try DecantProgram.refuse(["merge", runs[0], "--output", merged], code: 64, "two or more runs")
    try DecantProgram.refuse(
      ["merge"] + runs + ["--output", runs[0]], code: 64, "contains files")
    try DecantProgram.refuse(
      ["merge"] + runs + ["--output", merged, "--dimension", "100000"], code: 64,
      "dimensions together")
    try DecantProgram.refuse(
      ["merge"] + runs + ["--output", merged, "--dimension", "0"], code: 64, "at least 1")
    #expect(!FileManager.default.fileExists(atPath: merged))
  }
}
