import Foundation
import Storage
import TestSupport
import Testing

/// Labels that people added to a service and that no text has.
@Suite struct AddedLabelTests {
  private let folder: TemporaryFolder
  private let data: String
  private let feedback: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    feedback = folder.file("feedback.jsonl")
    try writeAtomically(
      #"{"label": "added", "text": "word3x0 word3x1 word3x2"}"# + "\n"
        + #"{"label": "strange", "text": "ЖЖЖЖ"}"# + "\n", to: feedback)
  }

  private func train(_ run: String, _ options: String...) throws -> DecantProgram.Outcome {
    try DecantProgram.succeed(
      ["train", data, "--output", folder.file(run), "--epochs", "8", "--calibrate"] + quickly
        + options)
  }

  private struct Line: Decodable {
    struct Label: Decodable {
      var id: String
      var probability: Double
    }
    var labels: [Label]
  }

  private func probabilities(_ run: String) throws -> [String: Double] {
    let output = try DecantProgram.succeed(
      ["predict", folder.file(run), "--json", "--k", "30", "word3x0 word3x2 word9x1 filler3"]
    ).output
    let line = try JSONDecoder().decode(Line.self, from: Data(output.utf8))
    return Dictionary(uniqueKeysWithValues: line.labels.map { ($0.id, $0.probability) })
  }

  @Test(arguments: [["--labels", "free"], ["--labels", "both"], ["--loss", "bce"]])
  func `a label without documents is kept, and moves no other probability`(options: [String])
    throws
  {
    _ = try train("before", options[0], options[1])
    let said = try train("after", options[0], options[1], "--feedback", feedback)
    #expect(said.messages.contains("2 new labels"), "\(said.messages)")
    #expect(said.messages.contains("1 are ranked by their texts"), "\(said.messages)")
    let (before, after) = (try probabilities("before"), try probabilities("after"))
    #expect(after.count == before.count + 1 && after["strange"] == nil)
    #expect(after["added"] ?? 0 > 0.05 && after["added"] ?? 1 <= 1)
    for (label, probability) in before {
      #expect(abs((after[label] ?? -1) - probability) < 1e-5, "\(label)")
    }
  }

  @Test func `one label a document is shared among trained labels alone`() throws {
    let single = folder.file("single.jsonl")
    try writeAtomically(
      SmallDataset().rows.filter { $0.labels.count == 1 }.map {
        String(decoding: try JSONEncoder().encode($0), as: UTF8.self) + "\n"
      }.joined(), to: single)
    for (run, options) in [("before", []), ("after", ["--feedback", feedback])] {
      try DecantProgram.succeed(
        ["train", single, "--output", folder.file(run), "--epochs", "8", "--calibrate"] + quickly
          + options)
    }
    let (before, after) = (try probabilities("before"), try probabilities("after"))
    #expect(abs(before.values.reduce(0, +) - 1) < 1e-9)
    for (label, probability) in before {
      #expect(abs((after[label] ?? -1) - probability) < 1e-5, "\(label)")
    }
    #expect(after["added"] ?? 0 > 0 && after["added"] ?? 1 < 1)
  }
}
