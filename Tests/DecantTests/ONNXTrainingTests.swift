import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch

/// Whether ONNX Runtime is set up, which these tests need.
private let hasLibrary: Bool = {
  do {
    try ONNXRuntimeLibrary.load()
    return true
  } catch {
    return false
  }
}()

/// Programs with an encoder in an ONNX file: Decant's own export of a small BERT encoder.
@Suite(.enabled("ONNX Runtime is not set up: run Scripts/setup") { hasLibrary })
struct ONNXTrainingTests {
  private let folder: TemporaryFolder
  private let data: String
  private let bert: String
  private let graph: String

  private static let words = (0..<SmallDataset.labelCount).flatMap { label in
    (0..<4).map { SmallDataset.word(of: label, $0) }
  }

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    bert = try TinyCheckpoint.write(to: folder.file("bert"), words: Self.words)
    graph = folder.file("graph")
    try makeFolder(graph)
    try DecantProgram.succeed(["export", bert, "--output", graph + "/model.onnx"])
    let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + Self.words
    let vocabulary = pieces.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
    try writeAtomically(
      """
      {"normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
       "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]},
       "model": {"type": "WordPiece", "vocab": {\(vocabulary)}}}
      """, to: graph + "/tokenizer.json")
    try writeAtomically("{\"model_max_length\": 24}", to: graph + "/tokenizer_config.json")
  }

  private func command(_ run: String, _ options: [String]) -> [String] {
    [
      "train", data, "--output", run, "--checkpoint", graph, "--max-length", "24", "--hidden", "32",
      "--projection-learning-rate", "0.005", "--dropout", "0", "--quiet",
    ] + quickly + options
  }

  private func precision(_ run: String) throws -> Double {
    let outcome = try DecantProgram.succeed(["evaluate", run, "--json"])
    let values = try JSONDecoder().decode(Evaluation.self, from: Data(outcome.output.utf8)).values
    return try #require(values["P@1"])
  }

  @Test func `embeds like the encoder it was exported from`() throws {
    let texts = try folder.write(
      (SmallDataset().rows.map(\.text) + ["", "unknown"]).map { $0 + "\n" }.joined(), to: "texts")
    func vectors(_ encoder: String) throws -> Tensor {
      let output = folder.file("vectors.npy")
      try DecantProgram.succeed(["embed", encoder, "--file", texts, "--output", output])
      return try NumpyFile.read(output)
    }
    expectClose(try vectors(graph), try vectors(bert), tolerance: 1e-5)
  }

  @Test(arguments: [["--encoder", "both", "--labels", "both"], ["--encoder", "transformer"]])
  func `trains on frozen vectors and keeps a copy`(options: [String]) throws {
    let run = folder.file("run")
    try DecantProgram.succeed(command(run, options + ["--epochs", "16"]))
    #expect(
      try names(in: run + "/transformer")
        == ["model.onnx", "tokenizer.json", "tokenizer_config.json"])
    try FileManager.default.removeItem(atPath: graph)
    try FileManager.default.removeItem(atPath: data + "/cache")
    let precision = try precision(run)
    #expect(precision > 80)
    try DecantProgram.succeed(["predict", run, "--k", "1", SmallDataset().rows[0].text])
    try DecantProgram.refuse(
      ["export", run, "--output", folder.file("x.onnx")], code: 65, "an ONNX file by others")
    let file = run + "/transformer/model.onnx"
    let sound = try contents(file)
    try Data(sound.dropLast(9)).write(to: URL(filePath: file))
    try DecantProgram.refuse(["predict", run, "a"], code: 65, "transformer/model.onnx")
  }

  @Test func `resumes without the checkpoint`() throws {
    let options = ["--encoder", "transformer", "--epochs", "4", "--checkpoint-interval", "0"]
    let whole = folder.file("whole")
    try DecantProgram.succeed(command(whole, options))
    let stopped = folder.file("stopped")
    let process = try DecantProcess(command(stopped, options))
    process.wait { FileManager.default.fileExists(atPath: "\(stopped)/checkpoint.safetensors") }
    process.send(SIGKILL)
    _ = try process.wait()
    try FileManager.default.removeItem(atPath: graph)
    try DecantProgram.succeed(command(stopped, options + ["--resume"]))
    #expect(
      try contents("\(stopped)/model.safetensors") == contents("\(whole)/model.safetensors"))
  }

  @Test func `refuses fine-tuning and other impossible options`() throws {
    let run = folder.file("run")
    let frozen = ["--encoder", "transformer", "--epochs", "1"]
    try DecantProgram.refuse(
      command(run, frozen + ["--fine-tune"]), code: 65, "can only be computed, not trained")
    try DecantProgram.refuse(
      command(run, frozen + ["--pooling", "cls"]), code: 65, "is pooled already")
    try DecantProgram.refuse(
      ["export", graph, "--output", folder.file("x.onnx")], code: 65, "an ONNX file already")
  }

  @Test func `says how to get the library`() throws {
    let outcome = try DecantProgram.run(
      ["embed", graph, "--output", folder.file("x.npy"), "a"],
      environment: ["DECANT_ONNXRUNTIME": "/nowhere/libonnxruntime.so"])
    #expect(outcome.code == 74 && outcome.messages.contains("Scripts/setup"))
    let doctor = try DecantProgram.run(
      ["doctor"], environment: ["DECANT_ONNXRUNTIME": "/nowhere/libonnxruntime.so"])
    #expect(doctor.code == 0 && doctor.output.contains("warn  ONNX Runtime"))
  }
}
