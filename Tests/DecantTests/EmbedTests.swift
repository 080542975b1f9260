import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct EmbedTests {
  private let folder: TemporaryFolder
  private let data: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
  }

  private func train(_ options: [String] = []) throws -> String {
    let run = folder.file("run")
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "3"] + quickly + options)
    return run
  }

  private struct Answer: Decodable {
    struct Label: Decodable {
      var id: String
      var score: Double
    }
    var labels: [Label]
  }

  @Test(
    .enabled("needs a python3 with numpy and safetensors; see DECANT_PYTHON") {
      PythonProgram.has("numpy", "safetensors.numpy")
    }, arguments: [[], ["--normalized"], ["--learn-temperature", "--labels", "both"]])
  func `Python ranks exported vectors like decant`(options: [String]) throws {
    let run = try train(options)
    let rows = SmallDataset().rows.prefix(40)
    let texts = try folder.write(rows.map { $0.text + "\n" }.joined(), to: "texts")
    let vectors = folder.file("vectors.npy")
    try DecantProgram.succeed(["embed", run, "--file", texts, "--output", vectors])
    let example = PythonProgram.repository.appending(path: "Examples/python/predict.py").path
    let lines = try String(contentsOfFile: example, encoding: .utf8).split(separator: "\n").count
    #expect(lines <= 20)
    let theirs = try PythonProgram.succeed([example, run, vectors, "7"]).lines
    let ours = try DecantProgram.succeed(["predict", run, "--k", "7", "--json", "--file", texts])
    #expect(theirs.count == rows.count && ours.lines.count == rows.count)
    for (their, our) in zip(theirs, ours.lines) {
      let labels = try JSONDecoder().decode([Answer.Label].self, from: Data(their.utf8))
      let answer = try JSONDecoder().decode(Answer.self, from: Data(our.utf8))
      #expect(labels.map(\.id) == answer.labels.map(\.id))
      expectClose(labels.map(\.score), answer.labels.map(\.score), tolerance: 1e-5)
    }
  }

  @Test(
    .enabled("needs a python3 with numpy; see DECANT_PYTHON") { PythonProgram.has("numpy") })
  func `NumPy reads the exported file`() throws {
    let path = folder.file("a.npy")
    try NumpyFile.write(Tensor(rows: [[1.5, -2], [3, 4.25], [0, 1]] as [[Float]]), to: path)
    let outcome = try PythonProgram.succeed([
      "-c",
      "import numpy, sys; a = numpy.load(sys.argv[1], mmap_mode='r'); print(a.dtype, a.tolist(), "
        + "a.flags.c_contiguous, a.offset % 64)", path,
    ])
    #expect(outcome.output == "float32 [[1.5, -2.0], [3.0, 4.25], [0.0, 1.0]] True 0\n")
    _ = try PythonProgram.succeed([
      "-c", "import numpy, sys; numpy.save(sys.argv[1], numpy.arange(6.0).reshape(2, 3))", path,
    ])
    let tensor = try NumpyFile.read(path)
    #expect(tensor.shape == [2, 3])
    #expect(tensor.doubles() == [0, 1, 2, 3, 4, 5])
  }

  @Test func `documents and labels come with their ids`() throws {
    let run = try train()
    let documents = folder.file("documents.npy")
    try DecantProgram.succeed(["embed", run, "--of", "documents", "--output", documents])
    let rows = SmallDataset().rows
    let texts = folder.file("texts.npy")
    let lines = try folder.write(rows.map { $0.text + "\n" }.joined(), to: "texts")
    try DecantProgram.succeed(["embed", run, "--output", texts], input: lines)
    #expect(try contents(documents) == contents(texts))
    let ids = try JSONDecoder().decode(
      [String].self, from: contents(folder.file("documents.ids.json")))
    #expect(ids == rows.indices.map { "d\($0)" })

    let labels = folder.file("labels.safetensors")
    try DecantProgram.succeed(["embed", run, "--of", "labels", "--output", labels])
    let written = try SafetensorsFile(path: labels).tensor(named: "embeddings")
    let kept = try SafetensorsFile(path: run + "/embeddings.safetensors").tensor(
      named: "embeddings")
    expectClose(written, kept, tolerance: 0)
    #expect(
      try JSONDecoder().decode([String].self, from: contents(folder.file("labels.ids.json"))).count
        == SmallDataset.labelCount)
  }

  @Test func `writes embeddings in fewer bits`() throws {
    let run = try train()
    func written(_ precision: String, _ ending: String) throws -> String {
      let path = folder.file("\(precision).\(ending)")
      try DecantProgram.succeed(
        ["embed", run, "--of", "documents", "--precision", precision, "--output", path])
      return path
    }
    let whole = try NumpyFile.read(written("float32", "npy"))
    let half = try NumpyFile.read(written("float16", "npy"))
    #expect(half.dtype == .float16)
    expectClose(half.converted(to: .float32), whole, tolerance: 1e-3)

    let codes = try NumpyFile.read(written("int8", "npy"))
    let scales = try NumpyFile.read(folder.file("int8.scales.npy"))
    #expect(codes.dtype == .int8 && codes.shape == whole.shape)
    let decoded = codes.converted(to: .float32) * scales.expandingDimension(at: 1)
    let largest = whole.magnitude().maximum().scalar
    #expect((decoded - whole).magnitude().maximum().scalar <= largest / 127)
    let both = try SafetensorsFile(path: written("int8", "safetensors")).tensors()
    #expect(both["embeddings"]?.array(of: Int8.self) == codes.array(of: Int8.self))
    #expect(both["embeddings.scales"]?.doubles() == scales.doubles())

    let bits = try NumpyFile.read(written("binary", "npy"))
    #expect(bits.dtype == .uint8 && bits.shape == [whole.size(along: 0), 2])
    let expected = whole.doubles().map { $0 > 0 }
    let found = bits.array(of: UInt8.self).flatMap { byte -> [Bool] in
      (0..<8).map { byte & (0x80 >> UInt8($0)) != 0 }
    }
    #expect(found == expected)
    try DecantProgram.refuse(
      ["embed", run, "--inputs", "--precision", "int8", "--output", "x.safetensors", "a"], code: 64,
      "apply to embeddings")
  }

  @Test func `embeds documents of features`() throws {
    let other = folder.file("features")
    try SmallDataset(documents: 40).write(to: other)
    try writeAtomically(
      (0..<40).map { "{\"id\":\"d\($0)\",\"features\":{\"f\($0 % 5)\":1,\"g\($0 % 3)\":0.5}}\n" }
        .joined(), to: "\(other)/documents.jsonl")
    let run = folder.file("of-features")
    try DecantProgram.succeed(["train", other, "--output", run, "--quiet"] + quickly)
    let output = folder.file("d.npy")
    try DecantProgram.succeed(["embed", run, "--of", "documents", "--output", output])
    let vectors = try NumpyFile.read(output)
    #expect(vectors.shape == [40, 16])
    // The 15th has the features of the first.
    #expect(vectors[0..<1].doubles() == vectors[15..<16].doubles())
    try DecantProgram.refuse(
      ["embed", run, "--output", output, "a text"], code: 65, "cannot read texts")
  }

  @Test func `rejects invalid options`() throws {
    let run = folder.file("none")
    for (options, words) in [
      (["--output", "a.txt"], ".npy, .safetensors, .jsonl, .csv or .tsv"),
      (["--output", "a.npy", "--of", "labels", "text"], "only one of them"),
      (["--output", "a.npy", "--data", "d", "text"], "--data needs"),
      (["--output", "a.npy", "--inputs", "text"], "--inputs applies to"),
      (["text"], "--output"),
    ] {
      try DecantProgram.refuse(["embed", run] + options, code: 64, words)
    }
    try DecantProgram.refuse(["embed", run, "--output", "a.npy", "text"], code: 74, run)
  }
}
