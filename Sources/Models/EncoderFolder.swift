import Datasets
import Extreme
import Storage

/// The settings in the small files of a pretrained encoder's folder, validated individually and
/// together.
///
/// `embed` and `train --checkpoint` open such folders only through this type.
struct EncoderFolder {
  /// Splits texts into tokens.
  let tokenizer: WordPieceTokenizer
  /// The encoder's configuration, which covers all tokens.
  let configuration: TransformerEncoder.Configuration
  /// The folder's limit on tokens per text, at least 2.
  let maximumLength: Int

  /// Reads everything except the weights.
  ///
  /// - Throws: `InputError` for architectures other than BERT and for unusable files, `FileError`.
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
