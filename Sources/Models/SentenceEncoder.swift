import Datasets
import Extreme
import Foundation
import Storage
public import Torch

/// A published pretrained sentence encoder, without further training.
///
/// The folder is that of a BERT encoder or of sentence-transformers; see `CheckpointFolder`.
public struct SentenceEncoder {
  private let encoder: TransformerEncoder
  private let tokenizer: WordPieceTokenizer
  private let maximumLength: Int
  private let threads: Int?
  /// The weights file, for error messages.
  private let weights: String

  /// Whether a folder looks like a pretrained encoder, even an unusable one, and not like a run.
  public static func isMeant(by folder: RunFolder) -> Bool {
    guard !folder.isComplete, !folder.has(folder.configuration) else { return false }
    return ["config.json", "modules.json", "model.safetensors"].contains {
      folder.has("\(folder.path)/\($0)")
    }
  }

  /// Opens a folder.
  ///
  /// - Parameter threads: the number of threads to compute with; nil means as many as the caller's
  ///   thread uses.
  /// - Throws: `InputError` for architectures other than BERT, by name, and for damaged files;
  ///   `FileError`, `TorchError`.
  public init(folder: String, threads: Int? = nil) throws {
    try Runtime.load()
    self.threads = threads
    let checkpoint = CheckpointFolder(path: folder)
    // Another architecture is reported first, because its missing files do not matter.
    if FileManager.default.fileExists(atPath: "\(folder)/config.json") {
      _ = try TransformerEncoder.Configuration(checkpoint: folder)
    }
    try checkpoint.check()
    let parts = try EncoderFolder(folder)
    let file = try SafetensorsFile(path: checkpoint.weights)
    encoder = try checked {
      try TransformerEncoder(parts.configuration, tensors: file.tensors(), source: file.path)
    }
    encoder.isTraining = false
    tokenizer = parts.tokenizer
    maximumLength = parts.maximumLength
    weights = file.path
    try encoder.parameters.refuseUnlessFinite(in: weights)
  }

  /// The embedding dimension.
  public var dimension: Int { encoder.configuration.width }

  /// The embeddings of texts, `[texts, D]`, pooled and normalised as the folder specifies.
  ///
  /// - Throws: `InputError` if a value is not finite, `TorchError`.
  public func embeddings(of texts: [String]) throws -> Tensor {
    guard !texts.isEmpty else { return .zeros([0, dimension]) }
    let embeddings = try Runtime.withThreads(threads) {
      try checked {
        withoutGradients {
          encoder.embeddings(of: tokenIDs(of: texts), paddingID: tokenizer.paddingID)
        }
      }
    }
    guard try checked({ embeddings.isAllFinite }) else {
      throw InputError(
        file: weights, reason: "these weights give a text an embedding that is not finite",
        expected: "an encoder that does not overflow 32-bit numbers")
    }
    return embeddings
  }

  /// Writes the encoder as an ONNX file; see `TrainedModel.writeONNX(to:version:)`.
  ///
  /// - Throws: `InputError` if it would be larger than 2 GB, `FileError`.
  public func writeONNX(to path: String, version: String) throws {
    try checked {
      try withoutGradients {
        var graph = ONNXGraph()
        let embedding = graph.apply("Identity", graph.transformer(encoder), as: "embedding")
        graph.output(embedding, .float32, ["texts", .fixed(dimension)])
        try graph.write(to: path, version: version, notes: [:])
      }
    }
  }

  /// The inputs of that file for these texts, by name.
  public func encoderInputs(of texts: [String]) -> [String: Tensor] {
    ONNXGraph.tokenInputs(tokenIDs(of: texts), paddingID: tokenizer.paddingID)
  }

  private func tokenIDs(of texts: [String]) -> [[Int32]] {
    texts.map { tokenizer.encode($0.normalizedToNFC, maximumLength: maximumLength) }
  }
}
