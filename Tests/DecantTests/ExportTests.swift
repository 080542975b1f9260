import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite(
  .enabled("needs a python3 with onnx, onnxruntime and safetensors; see DECANT_PYTHON") {
    PythonProgram.has("onnx", "onnxruntime", "numpy", "safetensors.numpy")
  })
struct ExportTests {
  private let folder: TemporaryFolder
  private let data: String
  private let rows = SmallDataset().rows.prefix(30)
  private let texts: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    texts = try folder.write(rows.map { $0.text + "\n" }.joined(), to: "texts")
  }

  private func checkpoint(_ name: String = "checkpoint") throws -> String {
    let words = (0..<SmallDataset.labelCount).flatMap { label in
      (0..<4).map { SmallDataset.word(of: label, $0) }
    }
    return try TinyCheckpoint.write(to: folder.file(name), words: words)
  }

  /// Checks a file by the reference and runs it; prints its outputs' names and writes them as arrays.
  private static let script = """
    import sys, numpy, onnx, onnxruntime
    from safetensors.numpy import load_file
    model = onnx.load(sys.argv[1])
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    inputs = load_file(sys.argv[2])
    if "weights" in inputs:  # of places without a feature they must not matter
        inputs["weights"][inputs["features"] < 0] = 7
    assert {i.name for i in session.get_inputs()} == set(inputs), session.get_inputs()
    names = [o.name for o in session.get_outputs()]
    print(",".join(names))
    for name, value in zip(names, session.run(None, inputs)):
        numpy.save(f"{sys.argv[3]}.{name}.npy", value)
    """

  /// Exports a run or an encoder, runs it on the texts and returns its output.
  private func outputs(_ run: String, noting words: String? = nil) throws -> [String: Tensor] {
    let (file, inputs) = (folder.file("encoder.onnx"), folder.file("inputs.safetensors"))
    let exported = try DecantProgram.succeed(["export", run, "--output", file])
    #expect(words.map { exported.messages.contains($0) } ?? exported.messages.isEmpty)
    try DecantProgram.succeed(["embed", run, "--file", texts, "--inputs", "--output", inputs])
    let outcome = try PythonProgram.succeed(["-c", Self.script, file, inputs, folder.file("out")])
    let names = try #require(outcome.lines.last).split(separator: ",").map(String.init)
    return try Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, try NumpyFile.read(folder.file("out.\($0).npy")))
      })
  }

  private func embeddings(_ run: String) throws -> Tensor {
    let path = folder.file("own.npy")
    try DecantProgram.succeed(["embed", run, "--file", texts, "--output", path])
    return try NumpyFile.read(path)
  }

  private func train(_ options: [String]) throws -> String {
    let run = folder.file("run")
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "3"] + quickly + options)
    return run
  }

  /// The predictions of a run, as scores in the order of its labels.
  private func scores(_ run: String) throws -> Tensor {
    struct Answer: Decodable {
      struct Label: Decodable {
        var id: String
        var score: Double
      }
      var labels: [Label]
    }
    let ids = try JSONDecoder().decode([String].self, from: contents("\(run)/labels.json"))
    let outcome = try DecantProgram.succeed([
      "predict", run, "--json", "--file", texts, "--k", "\(ids.count)",
    ])
    return Tensor(
      rows: try outcome.lines.map { line in
        let answer = try JSONDecoder().decode(Answer.self, from: Data(line.utf8))
        let known = Dictionary(uniqueKeysWithValues: answer.labels.map { ($0.id, $0.score) })
        return ids.map { known[$0] ?? .nan }
      })
  }

  @Test(arguments: [
    [], ["--normalized"], ["--bag-hidden", "24"], ["--learn-temperature", "--normalized"],
  ])
  func `an exported bag encoder gives equal outputs`(options: [String]) throws {
    let run = try train(options)
    let outputs = try outputs(run)
    #expect(Set(outputs.keys) == ["embedding", "scores"])
    let own = try embeddings(run)
    expectClose(
      outputs["embedding"]?.converted(to: .float64), own.converted(to: .float64), tolerance: 1e-5)
    expectClose(outputs["scores"]?.converted(to: .float64), try scores(run), tolerance: 1e-5)
  }

  @Test func `omits scores of a model with a wide part`() throws {
    let run = try train(["--wide"])
    let outputs = try outputs(run, noting: "no scores: the wide model")
    #expect(Set(outputs.keys) == ["embedding"])
    expectClose(
      outputs["embedding"]?.converted(to: .float64),
      try embeddings(run).converted(to: .float64), tolerance: 1e-5)
  }

  @Test(arguments: [
    ["--encoder", "transformer"], ["--encoder", "both", "--normalized"],
    ["--encoder", "transformer", "--pooling", "cls", "--fine-tune", "--hidden", "0"],
  ])
  func `an exported transformer gives equal outputs`(options: [String]) throws {
    let run = try train(options + ["--checkpoint", try checkpoint(), "--max-length", "20"])
    let outputs = try outputs(run)
    expectClose(
      outputs["embedding"]?.converted(to: .float64),
      try embeddings(run).converted(to: .float64), tolerance: 1e-5)
    expectClose(outputs["scores"]?.converted(to: .float64), try scores(run), tolerance: 1e-5)
  }

  @Test(arguments: ["gelu", "gelu_new", "relu"])
  func `an exported sentence encoder gives equal outputs`(activation: String) throws {
    let path = try checkpoint("encoder")
    let file = "\(path)/config.json"
    let settings = try String(contentsOfFile: file, encoding: .utf8)
    try writeAtomically(
      settings.replacing(
        "\"model_type\"", with: "\"hidden_act\": \"\(activation)\", \"model_type\""),
      to: file)
    let outputs = try outputs(path)
    #expect(Set(outputs.keys) == ["embedding"])
    expectClose(
      outputs["embedding"]?.converted(to: .float64),
      try embeddings(path).converted(to: .float64), tolerance: 1e-5)
  }
}
