import Datasets
import Extreme
import Foundation
import Storage
public import Torch

/// A published pretrained sentence encoder, without further training.
///
/// The folder is that of a BERT encoder, of an ONNX model or of sentence-transformers; see
/// `CheckpointFolder`.
public struct SentenceEncoder: Sendable {
  let encoder: PretrainedEncoder
  let tokenizer: any TextTokenizer
  private let maximumLength: Int
  private let threads: Int?
  /// The weights file, for error messages.
  let weights: String

  /// Whether a folder looks like a pretrained encoder, even an unusable one, and not like a run.
  public static func isMeant(by folder: RunFolder) -> Bool {
    guard !folder.isComplete, !folder.has(folder.configuration) else { return false }
    let names = ["config.json", "modules.json", "model.safetensors", "tokenizer.json"]
    return (names + CheckpointFolder.graphNames).contains { folder.has("\(folder.path)/\($0)") }
  }

  /// Opens a folder.
  ///
  /// - Parameter threads: the number of threads to compute with; nil means as many as the caller's
  ///   thread uses.
  /// - Throws: `InputError` for architectures other than BERT without an ONNX graph, by name, and for
  ///   damaged files; `ONNXRuntimeError` if a graph needs the library and there is none;
  ///   `FileError`, `TorchError`.
  public init(folder: String, threads: Int? = nil) throws {
    try Runtime.load()
    self.threads = threads
    let checkpoint = CheckpointFolder(path: folder)
    // Another architecture is reported first, because its missing files do not matter.
    if case .bert = try checkpoint.kind(), checkpoint.has("config.json") {
      _ = try TransformerEncoder.Configuration(checkpoint: folder)
    }
    try checkpoint.check()
    let parts = try EncoderFolder(folder)
    tokenizer = parts.tokenizer
    if let graph = parts.graph {
      let opened = try parts.openGraph(graph, threads: threads)
      encoder = .graph(opened)
      maximumLength = min(parts.maximumLength, opened.fixedLength ?? .max)
      weights = "\(folder)/\(graph)"
      return
    }
    let file = try SafetensorsFile(path: checkpoint.weights)
    weights = file.path
    maximumLength = parts.maximumLength
    guard let configuration = parts.configuration else {
      throw InputError(file: folder, reason: "the encoder has no configuration")
    }
    let bert = try checked {
      try TransformerEncoder(configuration, tensors: file.tensors(), source: file.path)
    }
    bert.isTraining = false
    try bert.parameters.refuseUnlessFinite(in: weights)
    encoder = .bert(bert)
  }

  /// The embedding dimension.
  public var dimension: Int { encoder.width }

  /// The embeddings of texts, `[texts, D]`, pooled and normalised as the folder specifies.
  ///
  /// - Throws: `InputError` if a value is not finite, `TorchError`.
  public func embeddings(of texts: [String]) throws -> Tensor {
    guard !texts.isEmpty else { return .zeros([0, dimension]) }
    let embeddings = try Runtime.withThreads(threads) {
      try checked {
        try withoutGradients {
          try encoder.embeddings(of: tokenIDs(of: texts), paddingID: tokenizer.paddingID)
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
  /// - Throws: `InputError` if it would be larger than 2 GB, or if the encoder is an ONNX file
  ///   already; `FileError`.
  public func writeONNX(to path: String, version: String) throws {
    guard case .bert(let encoder) = encoder else {
      throw InputError(
        file: weights, reason: "the encoder is an ONNX file already",
        expected: "a BERT encoder with model.safetensors; copy the file instead")
    }
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
    encoder.inputs(of: tokenIDs(of: texts), paddingID: tokenizer.paddingID)
  }

  private func tokenIDs(of texts: [String]) -> [[Int32]] {
    texts.map { encoder.tokenIDs(of: $0, by: tokenizer, maximumLength: maximumLength) }
  }
}
