import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct TransformerTrainingTests {
  private let folder: TemporaryFolder
  private let data: String
  private let checkpoint: String

  /// All words that tell of a label; the others are unknown to the transformer.
  private static let words = (0..<SmallDataset.labelCount).flatMap { label in
    (0..<4).map { SmallDataset.word(of: label, $0) }
  }

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    checkpoint = try TinyCheckpoint.write(to: folder.file("checkpoint"), words: Self.words)
  }

  private func command(_ run: String, _ options: [String]) -> [String] {
    [
      "train", data, "--output", run, "--checkpoint", checkpoint, "--max-length", "24", "--hidden",
      "32",
    ]
      + ["--projection-learning-rate", "0.005", "--dropout", "0"] + quickly + options
  }

  private func train(_ name: String, _ options: [String]) throws -> String {
    let run = folder.file(name)
    let outcome = try DecantProgram.succeed(command(run, options + ["--quiet"]))
    #expect(outcome.messages.isEmpty, "\(options)")
    return run
  }

  private func precision(_ run: String) throws -> Double {
    let outcome = try DecantProgram.succeed(["evaluate", run, "--json"])
    let values = try JSONDecoder().decode(Evaluation.self, from: Data(outcome.output.utf8)).values
    return try #require(values["P@1"])
  }

  /// The losses of a run's epochs.
  private func losses(_ run: String) throws -> [Double] {
    struct Epoch: Decodable { var loss: Double }
    return try String(contentsOfFile: "\(run)/metrics.jsonl", encoding: .utf8)
      .split(separator: "\n")
      .map { try JSONDecoder().decode(Epoch.self, from: Data($0.utf8)).loss }
  }

  private struct Answer: Decodable {
    struct Label: Decodable { var id: String }
    var labels: [Label]
  }

  private static let tuning = ["--fine-tune", "--transformer-learning-rate", "0.003"]

  @Test(arguments: [
    ["--encoder", "transformer"], ["--encoder", "transformer", "--labels", "text"],
    ["--encoder", "transformer", "--pooling", "cls", "--hidden", "0"] + tuning,
    ["--encoder", "transformer", "--labels", "both", "--piece-tokens", "100"] + tuning,
    ["--encoder", "both", "--labels", "both"], ["--encoder", "both"] + tuning,
  ])
  func `every mode learns and evaluates without the checkpoint`(options: [String]) throws {
    let run = try train("run", options + ["--epochs", "16"])
    let isTuned = options.contains("--fine-tune")
    let files = try names(in: run)
    #expect(
      files.contains("transformer") && files.contains("vocabulary.bin") == (options[1] == "both"))
    #expect(
      try names(in: run + "/transformer")
        == ["1_Pooling", "config.json"] + (isTuned ? [] : ["model.safetensors"]) + ["vocab.txt"])
    try FileManager.default.removeItem(atPath: checkpoint)
    try FileManager.default.removeItem(atPath: data + "/cache")
    let precision = try precision(run)
    #expect(precision > 80)
    let losses = try losses(run)
    #expect(try #require(losses.last) < 0.7 * #require(losses.first))
    // Texts that are given are read as those of the data set are.
    let data = SmallDataset()
    let test = data.rows[data.trainCount...]
    let answers = try DecantProgram.succeed(
      ["predict", run, "--json", "--k", "1"] + test.map(\.text))
    let right = try zip(test, answers.lines).count { row, line in
      let best = try JSONDecoder().decode(Answer.self, from: Data(line.utf8)).labels.first
      return best.map { row.labels.contains($0.id) } ?? false
    }
    expectClose(100 * Double(right) / Double(test.count), precision)
  }

  @Test func `caches vectors per checkpoint, data and length`() throws {
    func kept() throws -> [String] {
      try names(in: data + "/cache").filter { $0.hasPrefix("vectors-") }
    }
    let first = try train(
      "first", ["--encoder", "transformer", "--labels", "text", "--epochs", "2"])
    let vectors = try kept()
    #expect(vectors.count == 2 && vectors[0].hasPrefix("vectors-documents-"))
    #expect(vectors[1].hasPrefix("vectors-labels-"))
    let file = "\(data)/cache/\(vectors[0])"
    #expect(try SafetensorsFile(path: file).tensor(named: "vectors").shape == [300, 32])
    let made = try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int

    // Another run finds them, and the evaluation of other vectors is that of the same ones.
    let precision = try precision(first)
    let second = try train(
      "second", ["--encoder", "transformer", "--labels", "text", "--epochs", "2"])
    #expect(
      try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int == made)
    #expect(
      try contents("\(first)/model.safetensors") == contents("\(second)/model.safetensors"))
    try Data(contents(file).prefix(5000)).write(to: URL(filePath: file))
    #expect(try self.precision(second) == precision)
    let third = try train(
      "third", ["--encoder", "transformer", "--labels", "text", "--epochs", "2"])
    #expect(
      try contents("\(first)/model.safetensors") == contents("\(third)/model.safetensors"))
    #expect(try kept() == vectors)

    _ = try train("short", ["--encoder", "transformer", "--max-length", "12", "--epochs", "1"])
    #expect(try kept().count == 3)
    _ = try train("cls", ["--encoder", "transformer", "--pooling", "cls", "--epochs", "1"])
    #expect(try kept().count == 4)
    try TinyCheckpoint.write(to: checkpoint, words: Self.words, seed: 4)
    _ = try train("other", ["--encoder", "transformer", "--epochs", "1"])
    #expect(try kept().count == 5)
    // Vectors of a data set that is no more are of no use.
    try SmallDataset(documents: 310).write(to: data)
    _ = try train("changed", ["--encoder", "transformer", "--epochs", "1"])
    #expect(try kept().count == 1)
  }

  @Test func `keeps vectors of a single file until training ends`() throws {
    let file = try SmallDataset().writeSingleFile(to: folder.file("data.jsonl"))
    let run = folder.file("run")
    var command = command(run, ["--encoder", "transformer", "--epochs", "10", "--quiet"])
    command[1] = file
    try DecantProgram.succeed(command)
    #expect(try !names(in: run).contains { $0.hasPrefix("vectors-") })
    #expect(try precision(run) > 60)
  }

  @Test(arguments: [
    ["--encoder", "both", "--labels", "text"],
    ["--encoder", "transformer", "--piece-tokens", "300", "--patience", "9"] + tuning,
  ])
  func `a run killed at random resumes byte for byte`(options: [String]) throws {
    let options = options + ["--epochs", "5", "--checkpoint-interval", "0", "--quiet"]
    let undisturbed = folder.file("undisturbed")
    let disturbed = folder.file("disturbed")
    let begun = ContinuousClock.now
    try DecantProgram.succeed(command(undisturbed, options))
    var duration = ContinuousClock.now - begun
    try FileManager.default.removeItem(atPath: data + "/cache")
    var random = SplitMix64(77)
    var kills = 0
    for attempt in 0..<5 {
      let process = try DecantProcess(command(disturbed, options + ["--resume"]))
      // Only a run that has begun can go on without the checkpoint folder.
      if attempt == 0 {
        process.wait { FileManager.default.fileExists(atPath: disturbed + "/metrics.jsonl") }
      }
      usleep(UInt32(duration * Double.random(in: 0..<1, using: &random) / .microseconds(1)))
      process.send(SIGKILL)
      let outcome = try process.wait()
      #expect([-SIGKILL, 0].contains(outcome.code), "\(outcome.messages)")
      // The undisturbed run may have been slow because other tests ran.
      if outcome.code == -SIGKILL { kills += 1 } else { duration = duration / 4 }
    }
    #expect(kills > 0)
    // What the run was begun with is in its folder.
    try FileManager.default.removeItem(atPath: checkpoint)
    try DecantProgram.succeed(command(disturbed, options + ["--resume"]))
    #expect(try names(in: undisturbed) == names(in: disturbed))
    for name in try names(in: undisturbed) where name != "run.json" && name != "transformer" {
      #expect(
        try contents("\(undisturbed)/\(name)") == contents("\(disturbed)/\(name)"), "\(name)")
    }
    #expect(
      try names(in: undisturbed + "/transformer") == names(in: disturbed + "/transformer"))
  }

  @Test func `rejects invalid input and leaves no run`() throws {
    let run = folder.file("run")
    let other = folder.file("other")
    func refuse(_ options: [String], _ code: Int32, _ words: String) throws {
      try DecantProgram.refuse(
        ["train", data, "--output", run] + options, code: code, words)
      #expect(!FileManager.default.fileExists(atPath: run), "\(options)")
    }
    let frozen = ["--encoder", "transformer", "--checkpoint"]
    try refuse(["--encoder", "transformer"], 64, "--checkpoint")
    try refuse(["--checkpoint", checkpoint], 64, "--encoder")
    try refuse(["--encoder", "bag", "--max-length", "5"], 64, "--encoder")
    try refuse(frozen + [checkpoint, "--max-length", "1"], 64, "--max-length is 1")
    try refuse(frozen + [checkpoint, "--hidden", "-1"], 64, "--hidden")
    try refuse(frozen + [checkpoint, "--dropout", "1"], 64, "--dropout is 1")
    try refuse(frozen + [checkpoint, "--piece-tokens", "9"], 64, "--fine-tune")
    try refuse(frozen + [checkpoint, "--pooling", "max"], 64, "max")
    try refuse(frozen + [folder.file("missing")], 74, "missing")
    try refuse(frozen + [checkpoint, "--max-length", "25"], 65, "24 positions")
    for (name, text, words) in [
      ("config.json", "{\"model_type\": \"gpt2\"}", "gpt2"), ("vocab.txt", "[PAD]\n", "[UNK]"),
      ("model.safetensors", "", "model.safetensors"),
      ("1_Pooling/config.json", "{}", "pooling"),
    ] {
      try TinyCheckpoint.write(to: other, words: Self.words)
      try writeAtomically(text, to: "\(other)/\(name)")
      try refuse(frozen + [other, "--max-length", "24"], 65, words)
    }
    try refuse(frozen + [checkpoint, "--max-length", "24", "--epochs", "0"], 64, "--epochs")
    let features = SmallDataset().rows.indices.map {
      "{\"id\":\"d\($0)\",\"features\":{\"a\":1}}\n"
    }
    try writeAtomically(features.joined(), to: "\(data)/documents.jsonl")
    try refuse(frozen + [checkpoint, "--max-length", "24"], 65, "a transformer cannot read")
  }

  @Test func `names damaged files of a run`() throws {
    let run = try train("run", ["--encoder", "transformer", "--epochs", "1"])
    try FileManager.default.removeItem(atPath: data + "/cache")
    for name in [
      "transformer/config.json", "transformer/vocab.txt", "transformer/model.safetensors",
    ] {
      let whole = try contents("\(run)/\(name)")
      // Half of a vocabulary is one, too.
      let damages = [Data(), Data(whole.prefix(whole.count / 2))]
      for damage in damages.prefix(name.hasSuffix("vocab.txt") ? 1 : 2) {
        try damage.write(to: URL(filePath: "\(run)/\(name)"))
        try DecantProgram.refuse(["predict", run, "text"], code: 65, "transformer")
      }
      try whole.write(to: URL(filePath: "\(run)/\(name)"))
    }
    let settings = try String(contentsOfFile: "\(run)/configuration.json", encoding: .utf8)
    for (old, new) in [
      ("\"hiddenDimension\" : 32", "\"hiddenDimension\" : 1000000000"),
      ("\"maximumLength\" : 24", "\"maximumLength\" : 1"),
    ] {
      #expect(settings.contains(old))
      try writeAtomically(
        settings.replacing(old, with: new), to: "\(run)/configuration.json")
      try DecantProgram.refuse(["predict", run, "text"], code: 65)
    }
  }
}
