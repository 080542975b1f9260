import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// The options of the training loss, beyond its choice.
@Suite struct LossOptionsTests {
  private let folder: TemporaryFolder
  private let data: String
  private let run: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    run = folder.file("run")
  }

  private func train(_ options: [String], as name: String? = nil) -> [String] {
    ["train", data, "--output", name ?? run, "--quiet"] + quickly + options
  }

  /// The score of `label3` for a text.
  private func score(_ text: String) throws -> Double {
    struct Answer: Decodable {
      struct Label: Decodable {
        var id: String
        var score: Double
      }
      var labels: [Label]
    }
    let outcome = try DecantProgram.succeed(["predict", run, "--json", "--k", "100", text])
    let answer = try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
    return try #require(answer.labels.first { $0.id == "label3" }).score
  }

  @Test func `stores and predicts with a learnt temperature`() throws {
    try DecantProgram.succeed(train(["--normalized", "--learn-temperature", "--epochs", "6"]))
    let path = "\(run)/model.safetensors"
    var tensors = try SafetensorsFile(path: path).tensors()
    let logTemperature = try #require(tensors["temperature.log"])
    #expect(abs(logTemperature.scalar - log(0.05)) > 0.1, "\(logTemperature.scalar)")
    // The bias of the label is in both.
    func difference() throws -> Double { try score("word3x1 word3x2") - score("word5x1 word5x3") }
    let before = try difference()
    try unseal(run)
    #expect(before > 1)
    tensors["temperature.log"] = logTemperature + log(2)
    tensors = tensors.mapValues { $0.copied() }
    try Safetensors.write(tensors, metadata: ["format": "decant"], to: path)
    expectClose(try difference(), before / 2, tolerance: 1e-4)
  }

  @Test func `thresholds and temperature survive a kill`() throws {
    let options = [
      "--loss", "soft-top-k", "--top-k-places", "labels", "--top-k-sharpness", "1",
      "--learn-temperature", "--epochs", "6", "--checkpoint-interval", "0",
    ]
    let undisturbed = folder.file("undisturbed")
    try DecantProgram.succeed(train(options, as: undisturbed))
    let process = try DecantProcess(train(options + ["--resume"]))
    try process.wait {
      guard try names(in: run).contains("metrics.jsonl") else { return false }
      return try contents("\(run)/metrics.jsonl").count { $0 == UInt8(ascii: "\n") } >= 2
    }
    process.send(SIGKILL)
    #expect(try process.wait().code == -SIGKILL)
    try DecantProgram.succeed(train(options + ["--resume"]))
    for name in ["model.safetensors", "metrics.jsonl", "configuration.json"] {
      #expect(try contents("\(run)/\(name)") == contents("\(undisturbed)/\(name)"), "\(name)")
    }
    let settings = try String(contentsOfFile: "\(run)/configuration.json", encoding: .utf8)
    #expect(settings.contains("\"places\" : \"labels\"") && settings.contains("\"sharpness\" : 1"))
  }

  @Test func `the Z-loss learns few labels`() throws {
    // Of 20 labels one can stand out by 4.4 deviations, not by the 10 of the loss's target: the
    // pull never ends.
    try DecantProgram.succeed(train(["--loss", "z-loss", "--epochs", "12"]))
    #expect(try score("word3x1 word3x2 word3x3") > score("word5x1 word5x3 word5x2"))
  }

  @Test func `rejects options of another loss`() throws {
    try DecantProgram.refuse(train(["--top-k-places", "3"]), code: 64, "soft-top-k")
    try DecantProgram.refuse(
      train(["--loss", "soft-top-k", "--top-k-places", "0"]), code: 64, "places")
    try DecantProgram.refuse(
      train(["--loss", "soft-top-k", "--top-k-sharpness", "0"]), code: 64, "--top-k-sharpness")
  }

  @Test func `accepts label weights, rejects negative ones`() throws {
    func write(_ weight: String) throws -> String {
      let path = folder.file("weighted.jsonl")
      let lines = (0..<20).map {
        "{\"text\":\"word\($0 % 2) more\",\"labels\":[\"a\($0 % 2)\"],\"weights\":[\(weight)]}\n"
      }
      try writeAtomically(lines.joined(), to: path)
      return path
    }
    let command = { (path: String) in ["train", path, "--output", run, "--quiet"] + quickly }
    try DecantProgram.refuse(command(try write("-0.5")), code: 65, "weight -0.5", "weighted.jsonl")
    try DecantProgram.succeed(command(try write("0.5")))
  }
}
