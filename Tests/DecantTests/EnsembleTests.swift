import Foundation
import Storage
import TestSupport
import Testing

@Suite struct EnsembleTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(_ name: String, _ options: String...) throws -> String {
    let run = folder.file(name)
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "3"] + quickly + options)
    return run
  }

  private struct Line: Decodable {
    struct Label: Decodable {
      var id: String
      var score: Double
    }
    var text: String
    var labels: [Label]
  }

  /// The scores of all labels for one text.
  private func scores(_ run: String, _ options: String...) throws -> [String: Double] {
    let outcome = try DecantProgram.succeed(
      ["predict", run, "--json", "--k", "100"] + options + ["word1x2 word4x0 filler3"])
    let line = try JSONDecoder().decode(Line.self, from: Data(outcome.output.utf8))
    let values = line.labels.map(\.score)
    #expect(values == values.sorted(by: >))
    return Dictionary(uniqueKeysWithValues: line.labels.map { ($0.id, $0.score) })
  }

  private static let costs = [
    "train_seconds", "train_cpu_seconds", "preparation_seconds", "preparation_cpu_seconds",
    "prediction_seconds", "parameters", "peak_memory_bytes",
  ]

  @Test func `predict ranks by mean and adjustment`() throws {
    let one = try train("one")
    let two = try train("two", "--seed", "2", "--wide", "--wide-maximum-share", "0.5")
    let (first, second) = (try scores(one), try scores(two))
    let mean = try scores(one, "--with", two)
    #expect(mean.count == SmallDataset.labelCount)
    for (id, score) in mean {
      let expected = ((first[id] ?? .nan) + (second[id] ?? .nan)) / 2
      expectClose(score, expected, tolerance: 2e-6, id)
    }
    let three = try scores(one, "--with", two, "--with", one)
    let adjusted = try scores(one, "--with", two, "--logit-adjustment", "0.1")
    let counts = try JSONDecoder().decode([Int].self, from: contents("\(one)/counts.json"))
    for label in 0..<SmallDataset.labelCount {
      let id = "label\(label)"
      let expected = (2 * (first[id] ?? .nan) + (second[id] ?? .nan)) / 3
      expectClose(three[id] ?? .nan, expected, tolerance: 2e-6, id)
      let held = SmallDataset().rows.prefix(SmallDataset().trainCount).count {
        $0.labels.contains(id)
      }
      #expect(counts[label] == held)
      let prior = log((Double(held) + 0.5) / Double(SmallDataset().trainCount))
      expectClose(adjusted[id] ?? .nan, (mean[id] ?? .nan) - 0.1 * prior, tolerance: 2e-6, id)
    }
  }

  @Test func `evaluate scores the mean`() throws {
    let one = try train("one")
    let two = try train("two", "--seed", "2")
    let alone = try Evaluation.of(one)
    let twice = try Evaluation.of(one, "--with", one)
    for (name, value) in alone.values where !Self.costs.contains(name) {
      #expect(twice.values[name] == value, "\(name)")
    }
    #expect(twice.macro == alone.macro && twice.deciles == alone.deciles)
    #expect(twice.values["parameters"] == 2 * (alone.values["parameters"] ?? 0))

    let other = try Evaluation.of(two)
    let both = try Evaluation.of(one, "--with", two)
    let swapped = try Evaluation.of(two, "--with", one)
    #expect(both.values["nDCG@5"] == swapped.values["nDCG@5"])
    #expect(both.values["nDCG@5"] != alone.values["nDCG@5"])
    #expect(
      both.values["nDCG@5"] ?? 0 >= min(alone.values["nDCG@5"] ?? 0, other.values["nDCG@5"] ?? 0))
    let adjusted = try Evaluation.of(one, "--with", two, "--logit-adjustment", "0.1")
    #expect(adjusted.values["documents"] == 60)
    // With a large multiple only the rarity of labels counts.
    let drowned = try Evaluation.of(one, "--logit-adjustment", "1000")
    #expect(drowned.values["P@1"] ?? 100 < (alone.values["P@1"] ?? 0))
  }

  @Test func `rejects invalid combinations`() throws {
    let run = try train("run")
    for value in ["nan", "inf", "much"] {
      try DecantProgram.refuse(
        ["evaluate", run, "--logit-adjustment", value], code: 64, "logit-adjustment")
    }
    try DecantProgram.refuse(
      ["predict", run, "--with", folder.file("none"), "a"], code: 74, "none")
    try DecantProgram.refuse(["evaluate", run, "--with", data], code: 65, "not a run folder")
    for option in [["--calibrated"], ["--threshold", "0.5"]] {
      try DecantProgram.refuse(
        ["predict", run, "--with", run, "a"] + option, code: 64, "the scores of one run")
      try DecantProgram.refuse(
        ["predict", run, "--logit-adjustment", "0.1", "a"] + option, code: 64,
        "the scores of one run")
    }
    try FileManager.default.removeItem(atPath: "\(run)/counts.json")
    try DecantProgram.refuse(
      ["evaluate", run, "--logit-adjustment", "0.1"], code: 65, "no counts.json")
    try DecantProgram.succeed(["evaluate", run, "--logit-adjustment", "0"])

    let labels = "\(data)/labels.jsonl"
    try writeAtomically(
      String(decoding: contents(labels), as: UTF8.self) + "{\"id\":\"more\"}\n", to: labels)
    let wider = try train("wider")
    try DecantProgram.refuse(
      ["evaluate", run, "--with", wider], code: 65, "its 21 labels differ from those of")
  }

  @Test func `rejects validation data that one run trained on`() throws {
    let held = try train("held", "--patience", "2")
    let all = try train("all")
    try DecantProgram.refuse(
      ["evaluate", held, "--with", all, "--split", "validation"], code: 65,
      "\(all)", "trained on the validation part")
    try DecantProgram.succeed(["evaluate", held, "--with", held, "--split", "validation"])
  }
}
