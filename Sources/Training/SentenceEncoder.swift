import Datasets
import Foundation
import Learning
public import Torch

/// A pretrained encoder of sentences as it was published, without a training of ours.
///
/// The folder is a BERT encoder's or a sentence-transformers one; see `CheckpointFolder`.
public struct SentenceEncoder {
  private let encoder: TransformerEncoder
  private let tokenizer: WordPieceTokenizer
  private let maximumLength: Int
  /// The file of the weights, for errors.
  private let weights: String

  /// Whether a folder is one of a pretrained encoder, even if not one that can be used, and not one
  /// of a run.
  public static func isMeant(by folder: RunFolder) -> Bool {
    guard !folder.isComplete, !folder.has(folder.configuration) else { return false }
    return ["config.json", "modules.json", "model.safetensors"].contains {
      folder.has("\(folder.path)/\($0)")
    }
  }

  /// Opens a folder.
  ///
  /// - Parameter threads: how many threads to compute with; nil leaves that to libtorch.
  /// - Throws: `InputError` for another architecture than BERT's, by its name, and for damaged
  ///   files; `FileError`, `TorchError`.
  public init(folder: String, threads: Int? = nil) throws {
    try Runtime.load()
    if let threads { Runtime.threadCount = threads }
    let checkpoint = CheckpointFolder(path: folder)
    // Another architecture is named first: what files it lacks does not matter.
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

  /// The length of the embeddings.
  public var dimension: Int { encoder.configuration.width }

  /// What texts are embedded as, `[texts, D]`, pooled and scaled as the folder says.
  ///
  /// - Throws: `InputError` when a number of them is not finite, `TorchError`.
  public func embeddings(of texts: [String]) throws -> Tensor {
    guard !texts.isEmpty else { return .zeros([0, dimension]) }
    let embeddings = try checked {
      withoutGradients {
        encoder.embeddings(of: tokenIDs(of: texts), paddingID: tokenizer.paddingID)
      }
    }
    guard try checked({ embeddings.isAllFinite }) else {
      throw InputError(
        file: weights, reason: "with these weights the embedding of a text is not finite",
        expected: "an encoder whose numbers stay within those of 32 bits")
    }
    return embeddings
  }

  /// Writes the encoder as an ONNX file; see `TrainedModel.writeONNX(to:version:)`.
  ///
  /// - Throws: `InputError` when it would be larger than 2 GB, `FileError`.
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

  /// What that file takes for these texts, by the names of its inputs.
  public func encoderInputs(of texts: [String]) -> [String: Tensor] {
    ONNXGraph.tokenInputs(tokenIDs(of: texts), paddingID: tokenizer.paddingID)
  }

  private func tokenIDs(of texts: [String]) -> [[Int32]] {
    texts.map { tokenizer.encode($0.normalizedToNFC, maximumLength: maximumLength) }
  }
}
