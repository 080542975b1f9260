import Foundation
import Storage
import Torch

/// The folder of a BERT encoder with random weights and a small vocabulary.
public enum TinyCheckpoint {
  private static let (width, hidden, positions) = (32, 48, 24)

  /// Writes the folder in the form of model hubs: one block with 2 heads, 32 numbers per token, 24
  /// positions.
  ///
  /// - Parameter words: the words of the vocabulary, in addition to the special tokens.
  @discardableResult
  public static func write(to path: String, words: [String], seed: UInt64 = 3) throws -> String {
    try FileManager.default.createDirectory(
      atPath: path + "/1_Pooling", withIntermediateDirectories: true)
    let pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + words
    try writeAtomically(pieces.map { $0 + "\n" }.joined(), to: path + "/vocab.txt")
    try writeAtomically(
      """
      {"model_type": "bert", "vocab_size": \(pieces.count), "hidden_size": \(width), \
      "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": \(hidden), \
      "max_position_embeddings": \(positions)}
      """, to: path + "/config.json")
    try writeAtomically(
      "{\"pooling_mode_mean_tokens\": true}", to: path + "/1_Pooling/config.json")
    try Safetensors.write(weights(pieces.count, seed), to: path + "/model.safetensors")
    return path
  }

  private static func weights(_ vocabularySize: Int, _ seed: UInt64) -> [String: Tensor] {
    let generator = Generator(seed: seed)
    var tensors: [String: Tensor] = [:]
    func add(_ name: String, _ shape: [Int], scale: Double) {
      tensors["\(name).weight"] = Tensor.normal(shape, generator: generator) * scale
    }
    func addLinear(_ name: String, from inputs: Int, to outputs: Int) {
      add(name, [outputs, inputs], scale: 0.1)
      tensors["\(name).bias"] = .zeros([outputs])
    }
    func addNorm(_ name: String) {
      tensors["\(name).LayerNorm.weight"] = .ones([width])
      tensors["\(name).LayerNorm.bias"] = .zeros([width])
    }
    add("embeddings.word_embeddings", [vocabularySize, width], scale: 1)
    add("embeddings.position_embeddings", [positions, width], scale: 0.05)
    add("embeddings.token_type_embeddings", [2, width], scale: 0.05)
    addNorm("embeddings")
    let block = "encoder.layer.0"
    for part in ["self.query", "self.key", "self.value", "output.dense"] {
      addLinear("\(block).attention.\(part)", from: width, to: width)
    }
    addNorm("\(block).attention.output")
    addLinear("\(block).intermediate.dense", from: width, to: hidden)
    addLinear("\(block).output.dense", from: hidden, to: width)
    addNorm("\(block).output")
    return tensors
  }
}
