import Foundation
import Storage

extension TransformerEncoder.Configuration {
  /// Applies the settings in a sentence encoder's files, if there are any.
  ///
  /// Reads both formats: those of sentence-transformers before version 5 and since.
  ///
  /// - Source: <https://sbert.net/docs/sentence_transformer/usage/custom_models.html>
  /// - Throws: `InputError` naming an unsupported module, pooling or prompt.
  mutating func readSentenceModules(of folder: String) throws {
    struct Module: Decodable {
      var type: String
      var path: String?
    }
    let modulesFile = folder + "/modules.json"
    let poolingFile = folder + "/1_Pooling/config.json"
    if FileManager.default.fileExists(atPath: modulesFile) {
      isNormalized = false
      var hasPooling = false
      for module in try decodedCheckpointFile([Module].self, from: modulesFile) {
        switch module.type.split(separator: ".").last {
        case "Transformer":
          guard module.path ?? "" == "" else {
            throw InputError(
              file: modulesFile, reason: "the transformer is in \"\(module.path ?? "")\"",
              expected: "the folder itself; name \(folder)/\(module.path ?? "") as the checkpoint")
          }
        case "Pooling":
          guard module.path == "1_Pooling" else {
            throw InputError(
              file: modulesFile, reason: "the pooling is in \"\(module.path ?? "")\"",
              expected: "\"1_Pooling\"")
          }
          hasPooling = true
        case "Normalize": isNormalized = true
        default:
          throw InputError(
            file: modulesFile, reason: "there is a module \"\(module.type)\"",
            expected: "Transformer, Pooling and Normalize")
        }
      }
      guard hasPooling else {
        throw InputError(
          file: modulesFile, reason: "there is no pooling", expected: "a module Pooling")
      }
      try readPooling(of: poolingFile)
    } else if FileManager.default.fileExists(atPath: poolingFile) {
      try readPooling(of: poolingFile)
    }
    try refusePrompts(of: folder + "/config_sentence_transformers.json")
  }

  private mutating func readPooling(of file: String) throws {
    struct Modes: Decodable {
      var pooling_mode: Name?
      var pooling_mode_cls_token: Bool?
      var pooling_mode_mean_tokens: Bool?
      var pooling_mode_max_tokens: Bool?
      var pooling_mode_mean_sqrt_len_tokens: Bool?
      var pooling_mode_weightedmean_tokens: Bool?
      var pooling_mode_lasttoken: Bool?

      /// One name, or several whose results are concatenated.
      struct Name: Decodable {
        var names: [String]
        init(from decoder: any Decoder) throws {
          let container = try decoder.singleValueContainer()
          do {
            names = [try container.decode(String.self)]
          } catch DecodingError.typeMismatch {
            names = try container.decode([String].self)
          }
        }
      }

      var all: [String] {
        if let pooling_mode { return pooling_mode.names }
        return [
          ("cls", pooling_mode_cls_token), ("mean", pooling_mode_mean_tokens),
          ("max", pooling_mode_max_tokens),
          ("mean_sqrt_len_tokens", pooling_mode_mean_sqrt_len_tokens),
          ("weightedmean", pooling_mode_weightedmean_tokens),
          ("lasttoken", pooling_mode_lasttoken),
        ].filter { $0.1 == true }.map(\.0)
      }
    }
    let modes = try decodedCheckpointFile(Modes.self, from: file).all
    switch modes {
    case ["cls"]: pooling = .firstToken
    case ["mean"]: pooling = .mean
    default:
      throw InputError(
        file: file,
        reason: modes.isEmpty ? "no pooling" : "the pooling \(modes.joined(separator: " and "))",
        expected: "mean or cls")
    }
  }

  /// A default prompt would have to be stored with the run.
  private func refusePrompts(of file: String) throws {
    guard FileManager.default.fileExists(atPath: file) else { return }
    struct Options: Decodable {
      var default_prompt_name: String?
      var prompts: [String: String]?
    }
    let options = try decodedCheckpointFile(Options.self, from: file)
    guard let name = options.default_prompt_name, options.prompts?[name]?.isEmpty == false else {
      return
    }
    throw InputError(
      file: file, reason: "the prompt \"\(name)\" is prepended to every text",
      expected: "an encoder without a default prompt")
  }
}
