import Foundation
import Storage
import TestSupport
import Testing

@Suite struct EvaluationTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(_ options: String...) throws -> String {
    let run = folder.file("run")
    try DecantProgram.succeed(["train", data, "--output", run, "--quiet"] + quickly + options)
    return run
  }

  @Test func `removes filter pairs from predictions`() throws {
    let run = try train("--epochs", "10")
    let before = try Evaluation.of(run)
    #expect(before.values["P@1"] ?? 0 > 90 && before.values["filter_pairs"] == 0)
    // Every true label of half of the documents may not be predicted for them.
    let rows = SmallDataset().rows
    let first = SmallDataset().trainCount
    var text = ""
    var pairs = 0
    for index in first..<rows.count where index % 2 == 0 {
      let labels = rows[index].labels.map { "\"\($0)\"" }.joined(separator: ",")
      text += "{\"id\":\"d\(index)\",\"labels\":[\(labels)]}\n"
      pairs += rows[index].labels.count
    }
    try writeAtomically(text, to: "\(data)/filter-test.jsonl")
    let after = try Evaluation.of(run)
    #expect(after.values["filter_pairs"] == Double(pairs))
    // Half of the rows can have no hit any more; the others are as they were.
    #expect(after.values["P@1"] ?? 100 <= 50)
    #expect(after.values["R@100"] == 50)
    #expect(after.values["P@1"] ?? 0 > 45)
    let table = try DecantProgram.succeed(["evaluate", run])
    #expect(table.output.contains("60 test documents, \(pairs) filter pairs"))
  }

  @Test func `propensities come from the option, then the dataset`() throws {
    let run = try train("--epochs", "1")
    let standard = try Evaluation.of(run)
    #expect(standard.propensity == ["a": 0.55, "b": 1.5])
    let amazon = try Evaluation.of(run, "--propensity", "amazon")
    #expect(amazon.propensity == ["a": 0.6, "b": 2.6])
    #expect(amazon.values["PSP@5"] != standard.values["PSP@5"])
    #expect(amazon.values["P@5"] == standard.values["P@5"])
    try writeAtomically(
      "{\"name\":\"n\",\"summary\":\"\",\"origins\":[],\"propensity\":{\"a\":0.5,\"b\":0.4}}",
      to: "\(data)/dataset.json")
    let own = try Evaluation.of(run)
    #expect(own.propensity == ["a": 0.5, "b": 0.4])
    #expect(
      try Evaluation.of(run, "--propensity", "wikipedia").values["PSP@5"] == own.values["PSP@5"])
    #expect(try Evaluation.of(run, "--propensity", "standard").propensity["a"] == 0.55)
    try DecantProgram.refuse(["evaluate", run, "--propensity", "bogus"], code: 64, "bogus")
  }

  @Test func `training validates with the propensities of the dataset`() throws {
    struct Epoch: Decodable { var validation: [String: Double] }
    func judged() throws -> [String: Double] {
      let run = try train("--patience", "1", "--epochs", "1")
      let epoch = try JSONDecoder().decode(Epoch.self, from: contents("\(run)/metrics.jsonl"))
      try FileManager.default.removeItem(atPath: run)
      return epoch.validation
    }
    let standard = try judged()
    try writeAtomically(
      "{\"name\":\"n\",\"summary\":\"\",\"origins\":[],\"propensity\":{\"a\":3,\"b\":9}}",
      to: "\(data)/dataset.json")
    let own = try judged()
    #expect(own["P@5"] == standard["P@5"])
    #expect(own["PSP@5"] != standard["PSP@5"])
  }

  @Test func `training validates without filter pairs`() throws {
    let small = SmallDataset()
    let lines = (0..<small.trainCount).map { index in
      let labels = small.rows[index].labels.map { "\"\($0)\"" }.joined(separator: ",")
      return "{\"id\":\"d\(index)\",\"labels\":[\(labels)]}\n"
    }
    try writeAtomically(lines.joined(), to: "\(data)/filter-train.jsonl")
    let run = try train("--patience", "1", "--epochs", "1")
    struct Epoch: Decodable { var validation: [String: Double] }
    let epoch = try JSONDecoder().decode(Epoch.self, from: contents("\(run)/metrics.jsonl"))
    // All that is true is filtered, and so nothing can be hit.
    #expect(epoch.validation["nDCG@5"] == 0)
  }

  @Test func `prints macro averages and frequency deciles`() throws {
    let run = try train("--epochs", "10")
    let evaluation = try Evaluation.of(run)
    #expect(
      Set(evaluation.macro.keys)
        == Set(["macroP", "macroR", "macroF1"].flatMap { k in [1, 3, 5].map { "\(k)@\($0)" } }))
    #expect(evaluation.deciles.count == 10)
    let labels = evaluation.deciles.map { $0["labels"] ?? 0 }.reduce(0, +)
    #expect(labels == Double(SmallDataset.labelCount))
    // Precision of the whole is the sum of that of the groups.
    let sum = evaluation.deciles.map { $0["P@1"] ?? 0 }.reduce(0, +)
    expectClose(sum, evaluation.values["P@1"] ?? -1)
    let plain = try DecantProgram.succeed(["evaluate", run]).lines
    let full = try DecantProgram.succeed(["evaluate", run, "--full"]).lines
    // Documents have one to three labels.
    #expect(full.count == plain.count + 4 + 12 + 6)
    let macro = try #require(full.first { $0.hasPrefix("  F1 ") }).split(separator: " ")
    expectClose(
      macro.dropFirst().compactMap { Double($0) },
      [1, 3, 5].map { evaluation.macro["macroF1@\($0)"] ?? .nan }, tolerance: 1e-2)
    #expect(full.dropLast(6).last?.split(separator: " ").first == "10")
  }

  @Test func `accepts labels unknown to the model`() throws {
    let run = try train("--epochs", "2")
    let other = try SmallDataset().write(to: folder.file("other"))
    let labels = String(decoding: try contents("\(other)/labels.jsonl"), as: UTF8.self)
    try writeAtomically(labels + "{\"id\":\"new\"}\n", to: "\(other)/labels.jsonl")
    let (own, wider) = (try Evaluation.of(run), try Evaluation.of(run, "--data", other))
    for name in ["P@1", "R@100", "nDCG@5"] { #expect(own.values[name] == wider.values[name]) }
  }

  @Test func `keeps both the best and the last epoch`() throws {
    // A rate this high spoils the model again, so that the best epoch is not the last.
    let run = try train("--patience", "2", "--epochs", "30", "--learning-rate", "0.5")
    let best = try Evaluation.of(run)
    let last = try Evaluation.of(run, "--epoch", "last")
    let metrics = try String(contentsOfFile: "\(run)/metrics.jsonl", encoding: .utf8)
    let epochs = metrics.split(separator: "\n").count
    #expect(last.values["epoch"] == Double(epochs))
    #expect(best.values["epoch"] ?? 0 < Double(epochs))
    #expect(try contents("\(run)/last.safetensors") != contents("\(run)/model.safetensors"))
    // The validation part tells the two apart exactly as the training saw them.
    struct Epoch: Decodable { var validation: [String: Double] }
    let history = try metrics.split(separator: "\n").map {
      try JSONDecoder().decode(Epoch.self, from: Data($0.utf8)).validation
    }
    for (choice, evaluation) in [("best", best), ("last", last)] {
      let judged = try Evaluation.of(run, "--epoch", choice, "--split", "validation")
      let number = Int(evaluation.values["epoch"] ?? 0)
      expectClose(judged.values["nDCG@5"] ?? -1, history[number - 1]["nDCG@5"] ?? -2)
    }
    try FileManager.default.removeItem(atPath: "\(run)/last.safetensors")
    try DecantProgram.refuse(["evaluate", run, "--epoch", "last"], code: 74, "last.safetensors")
    try DecantProgram.refuse(["evaluate", run, "--epoch", "first"], code: 64, "first")
  }

  @Test func `without patience the last epoch is the best`() throws {
    let run = try train("--epochs", "2")
    #expect(!(try names(in: run).contains("last.safetensors")))
    let (best, last) = (try Evaluation.of(run), try Evaluation.of(run, "--epoch", "last"))
    #expect(best.values["nDCG@5"] == last.values["nDCG@5"])
    #expect(last.values["epoch"] == 2)
  }
}
