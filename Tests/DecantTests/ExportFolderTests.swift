import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// Exports that are folders: tensors with their names, and sentence-transformers.
@Suite struct ExportFolderTests {
  private let folder: TemporaryFolder
  private let data: String
  private let output: String

  init() throws {
    folder = try TemporaryFolder()
    data = try SmallDataset().write(to: folder.file("data"))
    output = folder.file("exported")
  }

  private func train(_ options: [String]) throws -> String {
    let run = folder.file("run")
    try DecantProgram.succeed(
      ["train", data, "--output", run, "--quiet", "--epochs", "2"] + quickly + options)
    return run
  }

  private func trainTransformer(
    _ options: [String] = [], encoder: String = "transformer"
  ) throws -> String {
    let words = (0..<SmallDataset.labelCount).flatMap { label in
      (0..<4).map { SmallDataset.word(of: label, $0) }
    }
    let checkpoint = try TinyCheckpoint.write(to: folder.file("checkpoint"), words: words)
    return try train(
      ["--encoder", encoder, "--checkpoint", checkpoint, "--max-length", "24"] + options)
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(output)/\(name)", encoding: .utf8)
  }

  @Test func `tensors give the embeddings and scores of the run`() throws {
    let run = try train(["--bag-hidden", "12", "--patience", "1", "--labels", "both"])
    try DecantProgram.succeed(["export", run, "--format", "safetensors", "--output", output])
    let tensors = try SafetensorsFile(path: "\(output)/model.safetensors").tensors()
    let texts = SmallDataset().rows.prefix(5).map(\.text)
    let inputs = folder.file("inputs.safetensors")
    try DecantProgram.succeed(["embed", run, "--inputs", "--output", inputs] + texts)
    let own = folder.file("own.npy")
    try DecantProgram.succeed(["embed", run, "--output", own] + texts)
    let bags = try SafetensorsFile(path: inputs).tensors()
    let features = try #require(bags["features"]).array(of: Int64.self)
    let weights = try #require(bags["weights"]).doubles()
    let table = try #require(tensors["encoder.table.weight"])
    let (hidden, bias) = (
      try #require(tensors["encoder.layers.0.weight"]),
      try #require(tensors["encoder.layers.0.bias"])
    )
    let width = features.count / texts.count
    let expected = try NumpyFile.read(own)
    for row in texts.indices {
      var sum = [Double](repeating: 0, count: 12)
      for place in (row * width)..<((row + 1) * width) where features[place] >= 0 {
        let vector = table[Int(features[place])..<(Int(features[place]) + 1)].doubles()
        for index in 0..<12 { sum[index] += weights[place] * vector[index] }
      }
      let relu = Tensor(sum.map { Float(max($0, 0)) }, shape: [1, 12])
      let embedding = relu.matmul(hidden.transposed()) + bias
      expectClose(embedding.doubles(), expected[row..<(row + 1)].doubles(), tolerance: 1e-4)
    }
    struct Settings: Decodable {
      var temperature: Double
      var labels: Int
      var isNormalized: Bool
      var leftOut: [String]
    }
    let settings = try JSONDecoder().decode(Settings.self, from: contents("\(output)/config.json"))
    #expect(settings.labels == SmallDataset.labelCount && settings.leftOut.isEmpty)
    let labels = try JSONDecoder().decode([String].self, from: contents("\(output)/labels.json"))
    #expect(tensors["labels.embeddings"]?.shape == [labels.count, 16])

    let card = try text("README.md")
    for words in [
      "| training documents |", "| unit length |", "On validation documents", "| nDCG@5 |",
      "\"hiddenDimensions\" : [", "decant embed --inputs",
    ] { #expect(card.contains(words), "\(words): \(card)") }
    #expect(!card.contains(folder.path), "a path of this machine: \(card)")
    #expect(try !text("config.json").contains(folder.path))
  }

  @Test func `the card of a run without held-out documents says that it has no measures`() throws {
    let run = try train(["--memory"])
    try DecantProgram.succeed(["export", run, "--format", "safetensors", "--output", output])
    let card = try text("README.md")
    #expect(card.contains("no documents were held out"), "\(card)")
    #expect(card.contains("Left out: the memory of training documents"), "\(card)")
  }

  @Test func `a bag is an added module, and the card says why`() throws {
    let run = try train(["--bag-hidden", "12"])
    try DecantProgram.succeed(
      ["export", run, "--format", "sentence-transformers", "--output", output])
    #expect(try text("modules.json").contains("decant_bag.DecantBag"))
    let source = PythonProgram.repository.appending(path: "Sources/Models/Exchange/decant_bag.py")
    #expect(try text("decant_bag.py") == String(contentsOf: source, encoding: .utf8))
    let tensors = try SafetensorsFile(path: "\(output)/0_DecantBag/model.safetensors").tensors()
    let count = try #require(tensors["hashes"]).size(along: 0)
    #expect(tensors["idf"]?.shape == [count] && tensors["table"]?.shape == [count, 12])
    #expect(tensors["layers.0.weight"]?.shape == [16, 12])
    let card = try text("README.md")
    for words in [
      "counts 1 + ln n times", "wordPairs", "hidden layers follow", "trust_remote_code=True",
    ] {
      #expect(card.contains(words), "\(words): \(card)")
    }
  }

  @Test func `refuses a sum of two encoders, and a folder with files`() throws {
    let run = try trainTransformer(encoder: "both")
    try DecantProgram.refuse(
      ["export", run, "--format", "sentence-transformers", "--output", output], code: 65,
      "the sum of a bag's and a transformer's", "--format onnx", "embed --inputs")
    #expect(!FileManager.default.fileExists(atPath: output))
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    try "mine".write(toFile: "\(output)/README.md", atomically: false, encoding: .utf8)
    try DecantProgram.refuse(
      ["export", run, "--format", "safetensors", "--output", output], code: 65,
      "the folder has files")
    #expect(try text("README.md") == "mine")
  }

  @Test(arguments: [[], ["--fine-tune"], ["--normalized", "--pooling", "cls"]])
  func `a transformer becomes modules of sentence-transformers`(options: [String]) throws {
    let run = try trainTransformer(options)
    try DecantProgram.succeed(
      ["export", run, "--format", "sentence-transformers", "--output", output])
    struct Module: Decodable {
      var idx: Int
      var path: String
      var type: String
    }
    let modules = try JSONDecoder().decode([Module].self, from: contents("\(output)/modules.json"))
    #expect(modules.map(\.idx) == Array(modules.indices))
    let kinds = modules.compactMap { $0.type.split(separator: ".").last.map(String.init) }
    let usual = ["Transformer", "Pooling", "Normalize", "Dense", "Dense"]
    #expect(kinds == usual + (options.contains("--normalized") ? ["Normalize"] : []))
    for file in ["model.safetensors", "config.json", "vocab.txt", "1_Pooling/config.json"] {
      #expect(FileManager.default.fileExists(atPath: "\(output)/\(file)"), "\(file)")
    }
    #expect(try text("1_Pooling/config.json").contains("cls") == true)
    let dense = try SafetensorsFile(path: "\(output)/3_Dense/model.safetensors").tensors()
    #expect(dense["linear.weight"]?.size(along: 1) == 32)
    #expect(try text("README.md").contains("library_name: sentence-transformers"))
    #expect(try !text("README.md").contains(folder.path))
  }

  @Test(
    .enabled("needs a python3 with sentence-transformers; see DECANT_PYTHON") {
      PythonProgram.has("sentence_transformers", "safetensors.numpy")
    }, arguments: [[], ["--normalized", "--bag-hidden", "12"]])
  func `sentence-transformers gives the vectors of a bag in every script`(options: [String]) throws
  {
    let odd = [
      "The Linux kernel: C++ and c# code",
      "\u{dc}n\u{ef}c\u{f6}d\u{eb} Stra\u{df}e: \u{130}stanbul",
      "日本語のテキストです。Linux を使う", "한국어 텍스트 입니다", "ภาษาไทย ไม่มีช่องว่าง", "Ｌｉｎｕｘ ｶﾞ", "???",
      "cafe\u{301} caf\u{e9}", "emoji 😀 👨‍👩‍👧", "中文标题: 卡片 kernel", "kernel kernel KERNEL kernel",
    ]
    let lines = (SmallDataset().rows.prefix(20).map(\.text) + odd).map { $0 + "\n" }.joined()
    let texts = try folder.write(lines, to: "texts")
    // Every odd text is known, as training saw it.
    let records = try (odd + odd).map { text in
      let json = String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
      return "{\"text\":\(json),\"labels\":[\"odd\"]}\n"
    }
    let other = try folder.write(records.joined(), to: "odd.jsonl")
    for data in [data, other] {
      let run = folder.file("run-of-\(data == other)")
      try DecantProgram.succeed(
        ["train", data, "--output", run, "--quiet", "--epochs", "2"] + quickly + options)
      let (out, own, theirs) = (
        folder.file("st-\(data == other)"), folder.file("own.npy"), folder.file("theirs.npy")
      )
      try DecantProgram.succeed(
        ["export", run, "--format", "sentence-transformers", "--output", out])
      try DecantProgram.succeed(["embed", run, "--file", texts, "--output", own])
      _ = try PythonProgram.succeed(["-c", Self.script, out, texts, theirs, folder.file("b.npy")])
      expectClose(try NumpyFile.read(theirs), try NumpyFile.read(own), tolerance: 1e-5)
    }
  }

  private static let script = """
    import json, sys, numpy
    from safetensors.numpy import load_file
    from sentence_transformers import SentenceTransformer
    texts = open(sys.argv[2]).read().splitlines()
    found = SentenceTransformer(
        sys.argv[1], device="cpu", trust_remote_code=True).encode(texts)
    labels = load_file(sys.argv[1] + "/labels.safetensors")
    scores = found @ labels["labels.embeddings"].T + labels.get("labels.bias", 0)
    numpy.save(sys.argv[3], found.astype("float32"))
    numpy.save(sys.argv[4], scores.argmax(axis=1).astype("int64"))
    """

  @Test(
    .enabled("needs a python3 with sentence-transformers; see DECANT_PYTHON") {
      PythonProgram.has("sentence_transformers", "safetensors.numpy")
    }, arguments: [[], ["--fine-tune"], ["--normalized", "--pooling", "cls"]])
  func `sentence-transformers gives the same vectors and first labels`(options: [String]) throws {
    let run = try trainTransformer(options)
    try DecantProgram.succeed(
      ["export", run, "--format", "sentence-transformers", "--output", output])
    let rows = SmallDataset().rows.prefix(30)
    let texts = try folder.write(rows.map { $0.text + "\n" }.joined(), to: "texts")
    let (own, theirs, best) = (
      folder.file("own.npy"), folder.file("theirs.npy"), folder.file("best.npy")
    )
    try DecantProgram.succeed(["embed", run, "--file", texts, "--output", own])
    _ = try PythonProgram.succeed(["-c", Self.script, output, texts, theirs, best])
    expectClose(try NumpyFile.read(theirs), try NumpyFile.read(own), tolerance: 1e-5)
    struct Answer: Decodable {
      struct Label: Decodable { var id: String }
      var labels: [Label]
    }
    let names = try JSONDecoder().decode([String].self, from: contents("\(output)/labels.json"))
    let ours = try DecantProgram.succeed(["predict", run, "--k", "1", "--json", "--file", texts])
    let first = try ours.lines.map {
      try JSONDecoder().decode(Answer.self, from: Data($0.utf8)).labels[0].id
    }
    #expect(try NumpyFile.read(best).array(of: Int64.self).map { names[Int($0)] } == first)
  }
}
