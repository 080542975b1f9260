import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch

@testable import Datasets

private struct EncoderGolden: Decodable {
  struct Case: Decodable {
    var pooling: Names
    var normalize: Bool
    var prompt: String
    var include_prompt: Bool
    var vectors: [[Double]]
  }
  struct Names: Decodable {
    var all: [String]
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      do {
        all = [try container.decode(String.self)]
      } catch DecodingError.typeMismatch {
        all = try container.decode([String].self)
      }
    }
  }
  struct Configuration: Codable {
    var model_type: String
    var max_position_embeddings: Int
    var pad_token_id: Int
  }
  var texts: [String]
  var tokenizer: String
  var config: Configuration
  var cases: [Case]
}

/// Whether ONNX Runtime is set up, which these tests need.
private let hasLibrary: Bool = {
  do {
    try ONNXRuntimeLibrary.load()
    return true
  } catch {
    return false
  }
}()

@Suite(.enabled("ONNX Runtime is not set up: run Scripts/setup") { hasLibrary })
struct ONNXEncoderTests {
  private let folder: TemporaryFolder
  private let path: String
  private let golden: EncoderGolden
  private static let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Goldens").path

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("encoder")
    golden = try JSONDecoder().decode(
      EncoderGolden.self,
      from: Data(contentsOf: URL(fileURLWithPath: Self.goldens + "/ONNXEncoders.json")))
    for inner in ["", "/onnx", "/1_Pooling"] { try makeFolder(path + inner) }
    try write(golden.tokenizer, to: "tokenizer.json")
    try write(
      "{\"pad_token\": {\"content\": \"<pad>\"}, \"model_max_length\": 24}",
      to: "tokenizer_config.json")
    try write(
      String(decoding: JSONEncoder().encode(golden.config), as: UTF8.self), to: "config.json")
    try copy("tiny.onnx", to: "onnx/model.onnx")
    try describe(golden.cases[0])
  }

  private func write(_ text: String, to name: String) throws {
    try writeAtomically(text, to: "\(path)/\(name)")
  }

  private func copy(_ name: String, to place: String) throws {
    try MappedFile(path: "\(Self.goldens)/\(name)").withBytes {
      try writeAtomically($0, to: "\(path)/\(place)")
    }
  }

  private func write(_ bytes: [UInt8], to name: String) throws {
    try bytes.withUnsafeBytes { try writeAtomically($0, to: "\(path)/\(name)") }
  }

  /// Writes the files of sentence-transformers for a case.
  private func describe(_ expected: EncoderGolden.Case) throws {
    let names = expected.pooling.all.map { "\"\($0)\"" }.joined(separator: ",")
    try write(
      "{\"pooling_mode\": [\(names)], \"include_prompt\": \(expected.include_prompt)}",
      to: "1_Pooling/config.json")
    let end = expected.normalize ? ",{\"type\": \"x.Normalize\", \"path\": \"2_Normalize\"}" : ""
    try write(
      "[{\"type\": \"x.Transformer\", \"path\": \"\"},"
        + "{\"type\": \"x.Pooling\", \"path\": \"1_Pooling\"}\(end)]", to: "modules.json")
    try write(
      "{\"prompts\": {\"p\": \"\(expected.prompt)\"}, \"default_prompt_name\": \"p\"}",
      to: "config_sentence_transformers.json")
  }

  private func refuse(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) {
      try SentenceEncoder(folder: path).embeddings(of: ["a"])
    }
    #expect(
      error?.description.contains(words) == true, "\(error?.description ?? "")",
      sourceLocation: sourceLocation)
    #expect(error?.file.hasPrefix(path) == true, sourceLocation: sourceLocation)
  }

  @Test(arguments: 0..<4)
  func `agrees with sentence-transformers`(place: Int) throws {
    let expected = golden.cases[place]
    try describe(expected)
    let encoder = try SentenceEncoder(folder: path, threads: 1)
    let vectors = try encoder.embeddings(of: golden.texts)
    #expect(encoder.dimension == expected.vectors[0].count)
    expectClose(vectors, Tensor(rows: expected.vectors).converted(to: .float32), tolerance: 2e-5)
    // A text's vector does not depend on the texts around it.
    for (row, text) in golden.texts.enumerated() {
      expectClose(try encoder.embeddings(of: [text])[0], vectors[row], tolerance: 1e-5)
    }
    #expect(golden.cases.count == 4)
  }

  @Test func `finds weights in a separate file`() throws {
    let expected = try SentenceEncoder(folder: path).embeddings(of: golden.texts)
    try copy("tiny-apart.onnx", to: "onnx/model.onnx")
    refuse("its weights are in tiny-data.bin, which is missing")
    try copy("tiny-data.bin", to: "onnx/tiny-data.bin")
    expectClose(
      try SentenceEncoder(folder: path).embeddings(of: golden.texts), expected, tolerance: 1e-6)
    let target = folder.file("copy")
    let checkpoint = CheckpointFolder(path: path)
    try checkpoint.copy(to: target)
    #expect(FileManager.default.fileExists(atPath: target + "/onnx/tiny-data.bin"))
    #expect(try CheckpointFolder(path: target).contentHash() == checkpoint.contentHash())
    try write("x", to: "onnx/tiny-data.bin")
    #expect(try CheckpointFolder(path: target).contentHash() != checkpoint.contentHash())
    refuse("ONNX Runtime cannot open it")
  }

  @Test func `reads a graph next to the tokenizer`() throws {
    let expected = try SentenceEncoder(folder: path).embeddings(of: golden.texts)
    try copy("tiny.onnx", to: "model.onnx")
    try FileManager.default.removeItem(atPath: path + "/onnx")
    #expect(SentenceEncoder.isMeant(by: RunFolder(path: path)))
    expectClose(
      try SentenceEncoder(folder: path).embeddings(of: golden.texts), expected, tolerance: 1e-6)
  }

  @Test func `names unsupported parts`() throws {
    try write("{\"model_type\": \"roberta\"}", to: "config.json")
    try describe(golden.cases[0])
    try write("{\"pooling_mode\": \"attention\"}", to: "1_Pooling/config.json")
    refuse("the pooling attention")
    try describe(golden.cases[0])
    try write(
      "[{\"type\": \"x.Transformer\"}, {\"type\": \"x.Pooling\", \"path\": \"1_Pooling\"},"
        + "{\"type\": \"x.Dense\", \"path\": \"2_Dense\"}]", to: "modules.json")
    refuse("a module \"x.Dense\"")
    try describe(golden.cases[0])
    try write("{\"default_prompt_name\": \"q\"}", to: "config_sentence_transformers.json")
    refuse("the default prompt \"q\"")
    try describe(golden.cases[0])
    try write("{\"pad_token\": \"[NONE]\"}", to: "tokenizer_config.json")
    refuse("[NONE]")
    try write("{\"model_max_length\": 2}", to: "tokenizer_config.json")
    refuse("at most 2 tokens, 2 of them the same")
    try FileManager.default.removeItem(atPath: path + "/tokenizer.json")
    refuse("no tokenizer.json")
  }

  @Test func `says how to export other architectures`() throws {
    try FileManager.default.removeItem(atPath: path + "/onnx")
    refuse("the model_type is \"roberta\"")
    refuse("optimum-cli export onnx")
  }

  @Test func `damaged graphs are refused by name`() throws {
    let sound = try MappedFile(path: path + "/onnx/model.onnx").withBytes { Array($0) }
    try write([UInt8](), to: "onnx/model.onnx")
    refuse("the file is empty")
    for count in [1, 100, sound.count / 2, sound.count - 1] {
      try write(Array(sound[..<count]), to: "onnx/model.onnx")
      #expect(throws: InputError.self) { try SentenceEncoder(folder: path) }
    }
    try write("version https://git-lfs.github.com/spec/v1\nsize 90", to: "onnx/model.onnx")
    refuse("model.onnx")
  }

  @Test func `references outside the folder are refused`() throws {
    // graph (7) { initializer (5) { external_data (13) { key: location, value: PLACE } } }
    func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
      [number << 3 | 2, UInt8(content.count)] + content
    }
    func file(_ place: String) -> [UInt8] {
      let entry = field(1, Array("location".utf8)) + field(2, Array(place.utf8))
      return field(7, field(5, field(13, entry)))
    }
    try write(file("w.bin"), to: "onnx/model.onnx")
    #expect(try ONNXFileReferences(of: path + "/onnx/model.onnx").locations == ["w.bin"])
    for place in ["../w.bin", "/etc/passwd", "", "a/../../b"] {
      try write(file(place), to: "onnx/model.onnx")
      refuse("weights are in the file \"\(place)\"")
    }
  }
}
