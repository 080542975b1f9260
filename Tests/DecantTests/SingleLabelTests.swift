import Foundation
import Storage
import TestSupport
import Testing

/// Data in which every document has exactly one label.
@Suite struct SingleLabelTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private struct Line: Decodable {
    struct Label: Decodable { var probability: Double }
    var labels: [Label]
  }

  /// A calibrated run, and what calibration printed.
  private func calibrated(labels count: Int, _ options: [String] = []) throws -> (
    run: String, output: String
  ) {
    var data = SmallDataset(documents: 600)
    for row in data.rows.indices {
      data.rows[row].labels = Array(data.rows[row].labels.prefix(count))
    }
    let path = try data.write(
      to: folder.file("data"), parts: ["train", "validation", "test"])
    let run = folder.file("run")
    try DecantProgram.succeed(
      ["train", path, "--output", run, "--quiet", "--epochs", "4", "--patience", "2"] + quickly)
    return (run, try DecantProgram.succeed(["calibrate", run] + options).output)
  }

  private func sums(_ run: String) throws -> [Double] {
    let texts = folder.file("texts")
    try writeAtomically(
      SmallDataset().rows.suffix(20).map { $0.text + "\n" }.joined(), to: texts)
    return try DecantProgram.succeed(
      ["predict", run, "--json", "--calibrated", "--k", "20", "--file", texts]
    ).lines.map {
      try JSONDecoder().decode(Line.self, from: Data($0.utf8)).labels.reduce(0) {
        $0 + $1.probability
      }
    }
  }

  @Test func `probabilities of one label per document add up to 1`() throws {
    let (run, output) = try calibrated(labels: 1)
    #expect(output.contains("softmax of scores"), "\(output)")
    expectClose(try sums(run), [Double](repeating: 1, count: 20), tolerance: 1e-6)
    let values = try Evaluation.of(run).values
    #expect(values["microF1"] ?? 0 > 60 && values["ECE"] ?? 1 < 0.1, "\(values)")
    let tuned = try DecantProgram.succeed([
      "predict", run, "--threshold", "tuned", "word3x0 word3x1",
    ])
    #expect(tuned.output.contains("label3"), "\(tuned.output)")
  }

  @Test func `the method can be chosen`() throws {
    let (run, output) = try calibrated(labels: 1, ["--method", "platt", "--shared"])
    #expect(output.contains("platt of"))
    #expect(try sums(run).contains { abs($0 - 1) > 1e-4 })
  }

  @Test func `several labels per document keep one probability each`() throws {
    let (run, output) = try calibrated(labels: 3)
    #expect(output.contains("platt of"))
    try DecantProgram.refuse(
      ["calibrate", run, "--method", "softmax"], code: 65, "no label or several of them")
  }
}
