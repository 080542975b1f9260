import Datasets
import Extreme
import Storage
import Torch

/// The settings in the small files of a pretrained encoder's folder, validated individually and
/// together.
///
/// `embed` and `train --checkpoint` open such folders only through this type.
struct EncoderFolder {
  /// Splits texts into tokens.
  let tokenizer: any TextTokenizer
  /// BERT's configuration, which covers all tokens; nil for an ONNX graph.
  let configuration: TransformerEncoder.Configuration?
  /// The name of the graph; nil for BERT.
  let graph: String?
  /// The folder's limit on tokens per text, at least 2.
  let maximumLength: Int
  /// The largest number of tokens that the encoder can take.
  let positionCount: Int
  private let folder: CheckpointFolder

  /// Reads everything except the weights.
  ///
  /// - Throws: `InputError` for architectures other than BERT without an ONNX graph and for unusable
  ///   files, `FileError`.
  init(_ path: String) throws {
    folder = CheckpointFolder(path: path)
    switch try folder.kind() {
    case .bert:
      let configuration = try TransformerEncoder.Configuration(checkpoint: path)
      self.configuration = configuration
      graph = nil
      tokenizer = try folder.tokenizer()
      positionCount = configuration.maximumLength
      maximumLength = min(try folder.maximumLength() ?? positionCount, positionCount)
      guard tokenizer.vocabularySize <= configuration.vocabularySize else {
        throw InputError(
          file: path,
          reason: "the vocabulary has \(tokenizer.vocabularySize) pieces, the encoder "
            + "\(configuration.vocabularySize)",
          expected: "files that belong together")
      }
    case .graph(let name):
      configuration = nil
      graph = name
      tokenizer = try folder.tokenizerOfGraph()
      positionCount = try folder.positionCount() ?? Int(Int32.max)
      maximumLength = min(
        try folder.maximumLengthOfGraph(tokenizer) ?? Self.usualLength, positionCount)
      guard tokenizer.addedCount < maximumLength else {
        throw InputError(
          file: path,
          reason: "texts have at most \(maximumLength) tokens, \(tokenizer.addedCount) of them the "
            + "same in every text",
          expected: "room for the tokens of a text")
      }
    }
  }

  /// The limit of folders that name none; that of BERT.
  private static let usualLength = 512

  /// Opens the ONNX graph.
  ///
  /// - Throws: as `ONNXEncoder`.
  func openGraph(
    _ name: String, pooling: TransformerEncoder.Pooling? = nil, threads: Int?
  ) throws -> ONNXEncoder {
    try ONNXEncoder(
      folder, graph: name, tokenizer: tokenizer, pooling: pooling, maximumLength: maximumLength,
      threads: threads ?? Runtime.threadCount)
  }
}
