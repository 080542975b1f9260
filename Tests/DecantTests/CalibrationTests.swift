import Foundation
import Storage
import TestSupport
import Testing

@Suite struct CalibrationTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(
      to: folder.file("data"), parts: ["train", "validation", "test"])
  }

  private func train(_ options: String...) throws -> String {
    let run = folder.file("run")
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "8"] + quickly + options)
    return run
  }

  private struct Line: Decodable {
    struct Label: Decodable {
      var id: String
      var score: Double
      var probability: Double
    }
    var text: String
    var labels: [Label]
  }

  private func predict(_ run: String, _ options: String...) throws -> [Line] {
    let texts = folder.file("texts")
    let row = SmallDataset().rows
    try writeAtomically(row.suffix(20).map { $0.text + "\n" }.joined(), to: texts)
    return try DecantProgram.succeed(["predict", run, "--json", "--file", texts] + options).lines
      .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
  }

  @Test func `a calibrated run gives probabilities and decisions`() throws {
    let run = try train("--patience", "2")
    let before = try Evaluation.of(run)
    #expect(before.values["microF1"] == nil && before.values["ECE"] == nil)
    let said = try DecantProgram.succeed(["calibrate", run, "--full"])
    #expect(said.output.contains("30 validation documents, platt of"))
    #expect(said.output.contains("cross-fitted") && said.output.contains("first labels"))
    #expect(try !names(in: run).contains { $0.contains(".partial-") })
    #expect(try names(in: run).contains("calibration.json"))

    let after = try Evaluation.of(run)
    #expect(after.values["P@1"] == before.values["P@1"])
    #expect(after.values["microF1"] ?? 0 > 80)
    #expect(after.values["exampleF1"] ?? 0 > 80 && after.values["macroF1"] ?? 0 > 60)
    #expect(after.values["ECE"] ?? 1 < 0.05)
    #expect(try DecantProgram.succeed(["evaluate", run]).output.contains("decisions of the"))
    // Another model's scores are not those that were calibrated.
    #expect(try Evaluation.of(run, "--epoch", "last").values["ECE"] == nil)

    let likeliest = try predict(run, "--calibrated")
    #expect(likeliest.count == 20 && likeliest.allSatisfy { $0.labels.count == 5 })
    for line in likeliest {
      let values = line.labels.map(\.probability)
      #expect(values == values.sorted(by: >) && values.allSatisfy { 0...1 ~= $0 })
    }
    let tuned = try predict(run, "--threshold", "tuned")
    let wanted = SmallDataset().rows.suffix(20).map { Set($0.labels) }
    let right = zip(tuned, wanted).count { Set($0.labels.map(\.id)) == $1 }
    #expect(right >= 8, "\(right) of 20")
    #expect(try predict(run, "--threshold", "0").allSatisfy { $0.labels.count == 20 })
    #expect(try predict(run, "--threshold", "0", "--k", "3").allSatisfy { $0.labels.count == 3 })
    #expect(try predict(run, "--threshold", "1").allSatisfy { $0.labels.isEmpty })
    let table = try DecantProgram.succeed(["predict", run, "--calibrated", "word3x0 word3x1"])
    #expect(table.lines.count == 6 && table.lines[1].contains("  label3"), "\(table.output)")
  }

  @Test(arguments: [["temperature", "example"], ["isotonic", "macro"]])
  func `every calibration method works`(names: [String]) throws {
    let run = try train("--patience", "2", "--loss", "bce")
    try DecantProgram.succeed(
      ["calibrate", run, "--method", names[0], "--objective", names[1], "--shared"])
    let values = try Evaluation.of(run).values
    #expect(values["microF1"] ?? 0 > 60 && values["ECE"] ?? 1 < 0.1, "\(values)")
  }

  @Test func `rejects runs without held-out scores`() throws {
    let run = try train()
    let taught = folder.file("taught")
    try DecantProgram.succeed(
      ["train", data, "--output", taught, "--quiet", "--epochs", "1", "--teacher", run] + quickly)
    try DecantProgram.refuse(["calibrate", taught], code: 65, "--patience", "teacher")
    try DecantProgram.refuse(
      ["predict", run, "--calibrated", "a"], code: 65, "not calibrated", "decant calibrate")
    try DecantProgram.refuse(["predict", run, "--threshold", "1.5", "a"], code: 64, "1.5")
    try DecantProgram.refuse(["predict", run, "--threshold", "nan", "a"], code: 64, "nan")
    try DecantProgram.refuse(["calibrate", run, "--method", "magic"], code: 64, "magic")
    try DecantProgram.refuse(["calibrate", folder.file("none")], code: 74, "none")
  }

  @Test func `rejects a damaged or foreign calibration`() throws {
    let run = try train("--patience", "2")
    try DecantProgram.succeed(["calibrate", run, "--shared"])
    let file = run + "/calibration.json"
    let good = String(decoding: try contents(file), as: UTF8.self)
    #expect(good.contains("\"epoch\" : "))
    try writeAtomically(
      good.replacing(#/"epoch" : \d+/#, with: "\"epoch\" : 77"), to: file)
    try DecantProgram.refuse(
      ["predict", run, "--calibrated", "a"], code: 65,
      "calibration.json: the checksum does not match")
    try DecantProgram.refuse(["evaluate", run], code: 65, "calibration.json")
    try writeAtomically(String(good.prefix(good.count / 2)), to: file)
    try DecantProgram.refuse(["predict", run, "--calibrated", "a"], code: 65, "calibration.json")
    try DecantProgram.refuse(["predict", run, "a"], code: 65, "calibration.json")
    try DecantProgram.succeed(["predict", run, "--scores", "a"])
    try DecantProgram.succeed(["calibrate", run, "--shared"])
    #expect(String(decoding: try contents(file), as: UTF8.self) == good)
  }

  @Test func `training on all documents calibrates on models of fewer`() throws {
    let plain = try train("--no-calibrate")
    let run = folder.file("calibrated")
    // Not by its name, so that the option has its default.
    let outcome = try DecantProcess(
      [DecantProgram.path, "train", data, "--output", run, "--epochs", "8"] + quickly,
      program: "/usr/bin/env"
    ).wait()
    #expect(outcome.code == 0, "\(outcome.messages)")
    #expect(outcome.output.contains("calibrated on "), "\(outcome.output)")
    #expect(outcome.messages.contains("calibration: a model of "), "\(outcome.messages)")
    for name in ["model.safetensors", "embeddings.safetensors", "labels.json"] {
      #expect(try contents(run + "/" + name) == contents(plain + "/" + name))
    }
    let (before, after) = (try Evaluation.of(plain), try Evaluation.of(run))
    #expect(after.values["P@1"] == before.values["P@1"])
    #expect(after.values["ECE"] ?? 1 < 0.05 && after.values["microF1"] ?? 0 > 60, "\(after.values)")
    // Probabilities are printed without being asked for.
    let lines = try predict(run)
    #expect(lines.allSatisfy { $0.labels.allSatisfy { 0...1 ~= $0.probability } })
    let scores = try DecantProgram.succeed(["predict", run, "--json", "--scores", "word3x0"])
    #expect(!scores.output.contains("probability"))
    let many = try DecantProgram.succeed(["predict", run, "--json", "--k", "20", "word3x0"])
    #expect(many.output.contains("probability"))
    try DecantProgram.refuse(
      ["predict", run, "--scores", "--threshold", "0.5", "a"], code: 64, "--scores")

    // The command makes the same again.
    let first = try contents(run + "/calibration.json")
    try DecantProgram.succeed(["calibrate", run])
    func without(_ data: Data) throws -> Data {
      let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
      return try JSONSerialization.data(
        withJSONObject: object.filter { !["cpuSeconds", "seal"].contains($0.key) },
        options: .sortedKeys)
    }
    #expect(try without(first) == without(contents(run + "/calibration.json")))
  }

  @Test func `too little data is trained on without a calibration`() throws {
    let few = folder.file("few.jsonl")
    try writeAtomically(
      (0..<9).map { #"{"text": "word\#($0 % 3) other\#($0)", "labels": ["l\#($0 % 3)"]}"# + "\n" }
        .joined(), to: few)
    let run = folder.file("run")
    let outcome = try DecantProgram.succeed(
      ["train", few, "--output", run, "--epochs", "1", "--calibrate"] + quickly)
    #expect(outcome.messages.contains("not calibrated: "), "\(outcome.messages)")
    #expect(try !names(in: run).contains("calibration.json"))
    try DecantProgram.succeed(["predict", run, "word1"])
  }

  @Test func `decisions are tuned for F1 or a precision`() throws {
    let run = try train("--patience", "2")
    let said = try DecantProgram.succeed(["calibrate", run, "--for", "f1"])
    #expect(said.output.contains("labels are assigned from a probability of"))
    let tuned = try predict(run, "--threshold", "tuned")
    #expect(tuned.allSatisfy { $0.labels.count <= 3 })
    try DecantProgram.succeed(["calibrate", run, "--for", "precision=0.99"])
    let sure = try predict(run, "--threshold", "tuned")
    #expect(sure.reduce(0) { $0 + $1.labels.count } <= tuned.reduce(0) { $0 + $1.labels.count })
    for goal in ["f2", "precision", "precision=0", "precision=1.1", "precision=x"] {
      try DecantProgram.refuse(["calibrate", run, "--for", goal], code: 64, goal)
    }
    try DecantProgram.refuse(
      ["calibrate", run, "--for", "f1", "--objective", "macro"], code: 64, "--objective")
  }

  @Test func `the full evaluation groups documents by label count`() throws {
    let run = try train()
    let output = try DecantProgram.succeed(["evaluate", run, "--full"]).output
    #expect(output.contains("true labels  documents") && output.contains("(ASMA)"))
    // The test documents have one, two and three labels in turn.
    for count in 1...3 {
      #expect(output.contains("          \(count)         20"), "\(output)")
    }
    let values = try Evaluation.of(run).values
    #expect(values["ReaL"] == values["P@1"])
    #expect(values["ASMA"] ?? 0 > 50 && values["ASMA"] ?? 0 <= 100)
  }
}
