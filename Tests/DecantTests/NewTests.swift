import Foundation
import Storage
import TestSupport
import Testing

@Suite struct NewTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  @Test func `a new settings file trains the default model`() throws {
    let file = folder.file("new.json")
    let (plain, configured) = (folder.file("plain"), folder.file("configured"))
    try DecantProgram.succeed(["new", file, "--data", data])
    try DecantProgram.succeed(["train", data, "--output", plain, "--quiet"] + quickly)
    try DecantProgram.succeed(
      ["train", "--config", file, "--output", configured, "--quiet"] + quickly)
    for name in ["configuration.json", "model.safetensors", "metrics.jsonl"] {
      // Seconds differ.
      guard name != "metrics.jsonl" else { continue }
      #expect(try contents("\(plain)/\(name)") == contents("\(configured)/\(name)"), "\(name)")
    }
  }

  @Test func `options override the settings file`() throws {
    let file = try folder.write(
      """
      {
        // Few passes
        loop: {epochs: 2}, optimization: {batchSize: 32, learningRate: 0.05},
        model: {encoder: {dimension: 8, isNormalized: true}}, threads: 1,
      }
      """, to: "few.json")
    let run = folder.file("run")
    try DecantProgram.succeed(
      ["train", data, "--config", file, "--output", run, "--quiet", "--epochs", "1"])
    struct Settings: Decodable {
      struct Loop: Decodable { var epochs: Int }
      struct Loss: Decodable {
        struct Softmax: Decodable { var temperature: Double }
        var decoupledSoftmax: Softmax
      }
      var loop: Loop
      var loss: Loss
      var threads: Int
    }
    let settings = try JSONDecoder().decode(
      Settings.self, from: contents("\(run)/configuration.json"))
    #expect(settings.loop.epochs == 1)
    #expect(settings.threads == 1)
    #expect(settings.loss.decoupledSoftmax.temperature == 0.05)
    try DecantProgram.refuse(
      ["train", data, "--config", file, "--output", run, "--resume"], code: 64, "other settings")
  }

  @Test func `prints the template without a file argument`() throws {
    let outcome = try DecantProgram.succeed(["new"])
    #expect(outcome.output.hasPrefix("// Settings of a training"))
    #expect(outcome.output.contains("\"batchSize\": 128,"))
  }

  @Test func `rejects invalid settings files`() throws {
    let file = try folder.write("{\n  \"epohcs\": 3\n}", to: "bad.json")
    let run = folder.file("run")
    try DecantProgram.refuse(
      ["train", data, "--config", file, "--output", run], code: 65, "\(file):2:", "\"epohcs\"",
      "loop.epochs")
    #expect(!FileManager.default.fileExists(atPath: run))
    try DecantProgram.refuse(
      ["train", data, "--config", folder.file("none"), "--output", run], code: 74, "No such file")
    try writeAtomically("{}", to: file)
    try DecantProgram.refuse(
      ["train", "--config", file, "--output", run], code: 64, "names no data set")
    try DecantProgram.refuse(["new", file], code: 74, "File exists")
  }
}
