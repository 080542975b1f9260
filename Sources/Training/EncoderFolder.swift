import Datasets
import Learning
import Torch

/// What the small files of a pretrained encoder's folder say, each by itself and all together
/// checked: `embed` and `train --checkpoint` open folders through it alone.
struct EncoderFolder {
  /// Cuts texts into tokens.
  let tokenizer: WordPieceTokenizer
  /// The encoder's shape, which all tokens fit.
  let configuration: TransformerEncoder.Configuration
  /// The number of tokens after which the folder cuts a text off, at least 2.
  let maximumLength: Int

  /// Reads all but the weights.
  ///
  /// - Throws: `InputError` for another architecture than BERT's and for what cannot be used,
  ///   `FileError`.
  init(_ path: String) throws {
    let folder = CheckpointFolder(path: path)
    configuration = try TransformerEncoder.Configuration(checkpoint: path)
    tokenizer = try folder.tokenizer()
    maximumLength = min(
      try folder.maximumLength() ?? configuration.maximumLength, configuration.maximumLength)
    guard tokenizer.vocabularySize <= configuration.vocabularySize else {
      throw InputError(
        file: path,
        reason: "the vocabulary has \(tokenizer.vocabularySize) pieces, the encoder "
          + "\(configuration.vocabularySize)",
        expected: "files that belong together")
    }
  }
}
