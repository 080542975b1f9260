import Foundation
import Storage
public import Torch

extension TransformerEncoder {
  /// Reads a checkpoint folder: `config.json` and `model.safetensors`; for a sentence encoder also
  /// the pooling (`1_Pooling/config.json`) and the normalisation (`modules.json`).
  ///
  /// - Parameter generator: the source of dropout masks, should dropout be switched on later.
  /// - Throws: `FileError` if a file cannot be read, `InputError` if it does not describe a BERT
  ///   encoder.
  public convenience init(
    checkpoint folder: String, dropout: Double = 0, generator: Generator = Generator(seed: 0)
  ) throws {
    var configuration = try Configuration(checkpoint: folder)
    configuration.dropout = dropout
    let file = try SafetensorsFile(path: folder + "/model.safetensors")
    try self.init(configuration, tensors: file.tensors(), source: file.path, generator: generator)
  }

  /// Creates an encoder from tensors named as in published checkpoints, with or without the prefix
  /// `bert.`; other tensors, such as the pooler's, are ignored.
  ///
  /// The tensors are copied; 16-bit tensors are converted to float32.
  ///
  /// - Parameter source: the origin of the tensors, for error messages.
  /// - Throws: `InputError` if a tensor is missing or has the wrong shape, or if the configuration
  ///   is invalid.
  public convenience init(
    _ configuration: Configuration, tensors: [String: Tensor], source: String,
    generator: Generator = Generator(seed: 0)
  ) throws {
    if let fault = configuration.fault { throw InputError(file: source, reason: fault) }
    let weights = TransformerWeights { name, shape in
      guard let tensor = tensors[name] ?? tensors["bert." + name] else {
        throw InputError(
          file: source, reason: "there is no tensor \"\(name)\"",
          expected: "the weights of a BERT encoder")
      }
      guard tensor.shape == shape else {
        throw InputError(
          file: source, reason: "\"\(name)\" is of shape \(tensor.shape)", expected: "\(shape)")
      }
      switch tensor.dtype {
      case .float32, .float64: return tensor.copied()
      case .float16, .bfloat16: return tensor.converted(to: .float32)
      default:
        throw InputError(
          file: source, reason: "\"\(name)\" is of \(tensor.dtype)", expected: "real numbers")
      }
    }
    try self.init(configuration, weights: weights, generator: generator)
  }
}

extension TransformerEncoder.Configuration {
  /// Reads an encoder's configuration from the files of a checkpoint folder.
  ///
  /// - Throws: as the encoder's `init(checkpoint:)`.
  public init(checkpoint folder: String) throws {
    try self.init(configurationFile: folder + "/config.json")
    try readSentenceModules(of: folder)
  }

  /// Reads a checkpoint's `config.json`.
  ///
  /// - Throws: `FileError` if it cannot be read, `InputError` if it does not describe a BERT
  ///   encoder.
  public init(configurationFile path: String) throws {
    /// The keys that tell whether the others have BERT's meaning.
    struct Kind: Decodable {
      var model_type: String?
      var position_embedding_type: String?
    }
    let kind = try decodedCheckpointFile(Kind.self, from: path)
    guard kind.model_type ?? "bert" == "bert" else {
      throw InputError(
        file: path, reason: "the model_type is \"\(kind.model_type ?? "")\"",
        expected: "\"bert\": only BERT encoders can be read")
    }
    guard kind.position_embedding_type ?? "absolute" == "absolute" else {
      throw InputError(
        file: path,
        reason: "the position_embedding_type is \"\(kind.position_embedding_type ?? "")\"",
        expected: "\"absolute\"")
    }
    self = try decodedCheckpointFile(Self.self, from: path)
    if let fault { throw InputError(file: path, reason: fault) }
  }
}

func decodedCheckpointFile<Value: Decodable>(_ type: Value.Type, from path: String) throws -> Value
{
  try decodeJSON(
    type, from: MappedFile(path: path).withBytes { Data($0) }, file: path,
    expected: "a checkpoint's configuration")
}
