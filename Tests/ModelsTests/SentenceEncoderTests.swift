import Datasets
import Extreme
import Foundation
import Models
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SentenceEncoderTests {
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = try TinyCheckpoint.write(to: folder.file("encoder"), words: ["one", "two", "three"])
  }

  private func write(_ text: String, to name: String) throws {
    try writeAtomically(text, to: "\(path)/\(name)")
  }

  private func modules(_ types: String...) throws {
    let places = ["Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"]
    let entries = types.map { type in
      "{\"type\": \"\(type)\", \"path\": \"\(places[type.split(separator: ".").last.map(String.init) ?? ""] ?? "3_Other")\"}"
    }
    try write("[\(entries.joined(separator: ","))]", to: "modules.json")
  }

  private func refuse(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) {
      try SentenceEncoder(folder: path)
    }
    #expect(
      error?.description.contains(words) == true, "\(error?.description ?? "")",
      sourceLocation: sourceLocation)
  }

  private var configuration: TransformerEncoder.Configuration {
    get throws { try TransformerEncoder.Configuration(checkpoint: path) }
  }

  @Test func `reads folders of both layouts`() throws {
    // Before version 5 of sentence-transformers.
    try modules(
      "sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling",
      "sentence_transformers.models.Normalize")
    try write("{\"pooling_mode_cls_token\": true}", to: "1_Pooling/config.json")
    #expect(try configuration.isNormalized)
    #expect(try configuration.pooling == .firstToken)
    // As version 6.2 saves them.
    try modules(
      "sentence_transformers.base.modules.transformer.Transformer",
      "sentence_transformers.sentence_transformer.modules.pooling.Pooling")
    try write(
      "{\"embedding_dimension\": 32, \"pooling_mode\": \"mean\", \"include_prompt\": true}",
      to: "1_Pooling/config.json")
    #expect(try !configuration.isNormalized)
    #expect(try configuration.pooling == .mean)
  }

  @Test func `finds the token limit in both files`() throws {
    let checkpoint = CheckpointFolder(path: path)
    #expect(try checkpoint.maximumLength() == nil)
    try write("{\"model_max_length\": 512}", to: "tokenizer_config.json")
    // For an encoder that is not a sentence encoder, it states the limits, not the usual values.
    #expect(try checkpoint.maximumLength() == nil)
    try modules("x.Transformer", "x.Pooling")
    #expect(try checkpoint.maximumLength() == 512)
    try write("{\"model_max_length\": 1e30}", to: "tokenizer_config.json")
    #expect(try checkpoint.maximumLength() == nil)
    try write("{\"max_seq_length\": 9, \"do_lower_case\": false}", to: "sentence_bert_config.json")
    #expect(try checkpoint.maximumLength() == 9)
  }

  @Test func `truncates texts at the token limit`() throws {
    let long = "one two three one two three one two three"
    let whole = try SentenceEncoder(folder: path).embeddings(of: [long])
    // [CLS], three words, [SEP].
    try write("{\"max_seq_length\": 5}", to: "sentence_bert_config.json")
    let cut = try SentenceEncoder(folder: path).embeddings(of: [long, "one two three"])
    #expect(whole.doubles() != cut[0..<1].doubles())
    expectClose(cut[0..<1], cut[1..<2], tolerance: 1e-6)
  }

  @Test func `lowercases texts when the folder asks for it`() throws {
    try write("{\"do_lower_case\": false}", to: "tokenizer_config.json")
    let kept = try SentenceEncoder(folder: path).embeddings(of: ["ONE", "one"])
    #expect(kept[0..<1].doubles() != kept[1..<2].doubles())
    try write("{\"do_lower_case\": true}", to: "sentence_bert_config.json")
    let lowered = try SentenceEncoder(folder: path).embeddings(of: ["ONE", "one"])
    expectClose(lowered[0..<1], lowered[1..<2], tolerance: 1e-6)
  }

  @Test func `rejects unknown modules by name`() throws {
    try modules("x.Transformer", "x.Pooling", "sentence_transformers.models.Dense")
    refuse("a module \"sentence_transformers.models.Dense\"")
    try modules("x.Transformer")
    refuse("there is no pooling")
    try modules("x.Transformer", "x.Pooling")
    try write(
      "{\"pooling_mode_mean_tokens\": true, \"pooling_mode_max_tokens\": true}",
      to: "1_Pooling/config.json")
    refuse("the pooling mean and max")
    try write("{\"pooling_mode\": \"lasttoken\"}", to: "1_Pooling/config.json")
    refuse("the pooling lasttoken")
    try write("{\"pooling_mode\": [\"cls\", \"mean\"]}", to: "1_Pooling/config.json")
    refuse("the pooling cls and mean")
    try write("{\"pooling_mode\": \"mean\"}", to: "1_Pooling/config.json")
    try write(
      "{\"prompts\": {\"query\": \"query: \"}, \"default_prompt_name\": \"query\"}",
      to: "config_sentence_transformers.json")
    refuse("the prompt \"query\"")
    try write(
      "{\"prompts\": {\"query\": \"\"}, \"default_prompt_name\": \"query\"}",
      to: "config_sentence_transformers.json")
    #expect(throws: Never.self) { try SentenceEncoder(folder: path) }
    try write("{\"model_type\": \"mpnet\"}", to: "config.json")
    refuse("the model_type is \"mpnet\"")
  }

  @Test(
    arguments: [
      ("sentence_bert_config.json", "max_seq_length", ["1", "0", "-5", "1e30", "\"9\""]),
      ("tokenizer_config.json", "model_max_length", ["1", "0", "-5", "-1e300", "3.5", "true"]),
      ("config.json", "vocab_size", ["7", "0", "-1", "1e30", "9223372036854775807", "null"]),
      ("config.json", "hidden_size", ["0", "31", "-32", "2147483648"]),
      ("config.json", "num_attention_heads", ["0", "3", "-2", "64"]),
      ("config.json", "num_hidden_layers", ["-1", "2", "2147483647", "9223372036854775807"]),
      ("config.json", "intermediate_size", ["0", "47"]),
      ("config.json", "max_position_embeddings", ["0", "1", "25", "-24"]),
      ("config.json", "type_vocab_size", ["0", "-1", "3"]),
      ("config.json", "layer_norm_eps", ["-1e-12", "1e400", "\"x\""]),
      ("config.json", "hidden_act", ["\"swish\"", "1"]),
    ] as [(String, String, [String])])
  func `rejects invalid values with their file`(
    file: String, key: String, values: [String]
  ) throws {
    try modules("x.Transformer", "x.Pooling")
    let config = try String(contentsOfFile: "\(path)/config.json", encoding: .utf8)
    for value in values {
      let entry = "\"\(key)\": \(value)"
      let pattern = try Regex("\"\(key)\": [^,}]+")
      try write(
        file != "config.json"
          ? "{\(entry)}"
          : config.contains(pattern)
            ? config.replacing(pattern, with: entry) : config.dropLast(1) + ", \(entry)}", to: file)
      let error = #expect(throws: InputError.self, "\(key) \(value)") {
        try SentenceEncoder(folder: path).embeddings(of: ["one"])
      }
      #expect(error?.file.hasPrefix(path) == true, "\(key) \(value)")
    }
  }

  @Test func `rejects a vocabulary larger than the table`() throws {
    let pieces = try String(contentsOfFile: "\(path)/vocab.txt", encoding: .utf8)
    try write(pieces + "zebra\n", to: "vocab.txt")
    refuse("the vocabulary has 9 pieces, the encoder 8")
  }

  @Test(arguments: [Double.nan, -.infinity, 1e38])
  func `rejects weights that give non-finite embeddings`(value: Double) throws {
    let file = try SafetensorsFile(path: "\(path)/model.safetensors")
    var tensors = try file.tensors().mapValues { $0.copied() }
    let name = "encoder.layer.0.output.dense.weight"
    tensors[name] = tensors[name].map { .zeros($0.shape) + value }
    try Safetensors.write(tensors, to: "\(path)/model.safetensors")
    let error = #expect(throws: InputError.self) {
      try SentenceEncoder(folder: path).embeddings(of: ["one"])
    }
    #expect(error?.description.contains("finite") == true, "\(error?.description ?? "")")
  }

  @Test func `rejects pickled weights with advice`() throws {
    let source = folder.file("pickled")
    try FileManager.default.copyItem(atPath: path, toPath: source)
    try FileManager.default.moveItem(
      atPath: source + "/model.safetensors", toPath: source + "/pytorch_model.bin")
    let error = #expect(throws: InputError.self) {
      try CheckpointFolder(path: source).copy(to: folder.file("copy"))
    }
    #expect(error?.description.contains("save_pretrained") == true)
  }
}
