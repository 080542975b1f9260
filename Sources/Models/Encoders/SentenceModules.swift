import Extreme
import Foundation
import Storage
import Torch

/// The steps of a sentence encoder after its transformer, and the text before every text.
///
/// - Source: <https://sbert.net/docs/sentence_transformer/usage/custom_models.html>
struct SentenceModules: Sendable {
  /// How token vectors become one.
  enum Pooling: String, CaseIterable, Sendable {
    case firstToken = "cls"
    case mean
    case maximum = "max"
    case meanBySquareRoot = "mean_sqrt_len_tokens"
    case weightedMean = "weightedmean"
    case lastToken = "lasttoken"
  }

  /// Whether the folder says how token vectors are pooled.
  var saysPooling = false
  /// The poolings whose results are put one after the other.
  var poolings: [Pooling] = [.mean]
  /// Whether vectors have unit length.
  var isNormalized = false
  /// Whether the tokens of the prompt are pooled too.
  var poolsPrompt = true
  /// The text before every text.
  var prompt = ""
  /// A module that cannot be computed here, for graphs that include it.
  var unsupported: InputError?

  /// Reads `modules.json`, the pooling's options and the default prompt, if they exist.
  ///
  /// - Throws: `InputError` naming a pooling or a prompt that is not supported; `FileError`.
  init(folder: String) throws {
    let modulesFile = folder + "/modules.json"
    var poolingFile = folder + "/1_Pooling/config.json"
    if FileManager.default.fileExists(atPath: modulesFile) {
      let modules = try Self.decoded([Module].self, modulesFile)
      var poolingPath: String?
      for module in modules {
        switch module.type.split(separator: ".").last {
        case "Transformer":
          guard module.path ?? "" == "" else {
            throw InputError(
              file: modulesFile, reason: "the transformer is in \"\(module.path ?? "")\"",
              expected: "the transformer's files in the folder itself")
          }
        case "Pooling": poolingPath = module.path ?? ""
        case "Normalize": isNormalized = true
        default:
          unsupported = InputError(
            file: modulesFile, reason: "there is a module \"\(module.type)\"",
            expected: "Transformer, Pooling and Normalize, or an ONNX graph with the output "
              + "sentence_embedding, which includes every module")
        }
      }
      if let poolingPath {
        guard poolingPath == "1_Pooling" else {
          throw InputError(
            file: modulesFile, reason: "the pooling is in \"\(poolingPath)\"",
            expected: "\"1_Pooling\"")
        }
      } else {
        unsupported =
          unsupported
          ?? InputError(
            file: modulesFile, reason: "the pooling is missing", expected: "a module Pooling")
        poolingFile = ""
      }
    }
    if FileManager.default.fileExists(atPath: poolingFile) { try readPooling(poolingFile) }
    try readPrompt(folder + "/config_sentence_transformers.json")
  }

  private struct Module: Decodable {
    var type: String
    var path: String?
  }

  private static func decoded<Value: Decodable>(_ type: Value.Type, _ file: String) throws -> Value
  {
    try decodeJSON(
      type, from: MappedFile(path: file).withBytes { Data($0) }, file: file,
      expected: "the options of a sentence encoder")
  }

  private mutating func readPooling(_ file: String) throws {
    struct Options: Decodable {
      var pooling_mode: Names?
      var include_prompt: Bool?
      var flags: [String: Bool]

      struct Names: Decodable {
        var all: [String]
        init(from decoder: any Decoder) throws {
          let container = try decoder.singleValueContainer()
          do {
            all = [try container.decode(String.self)]
          } catch DecodingError.typeMismatch {
            all = try container.decode([String].self)
          }
        }
      }

      struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
      }

      init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: Key.self)
        pooling_mode = try keys.decodeIfPresent(
          Names.self, forKey: Key(stringValue: "pooling_mode"))
        include_prompt = try keys.decodeIfPresent(
          Bool.self, forKey: Key(stringValue: "include_prompt"))
        flags = [:]
        for key in keys.allKeys where key.stringValue.hasPrefix("pooling_mode_") {
          flags[key.stringValue] = try keys.decodeIfPresent(Bool.self, forKey: key) ?? false
        }
      }
    }
    let options = try Self.decoded(Options.self, file)
    // The older options are flags, in this order.
    let old = [
      ("cls_token", "cls"), ("max_tokens", "max"), ("mean_tokens", "mean"),
      ("mean_sqrt_len_tokens", "mean_sqrt_len_tokens"),
      ("weightedmean_tokens", "weightedmean"), ("lasttoken", "lasttoken"),
    ].filter { options.flags["pooling_mode_" + $0.0] == true }.map(\.1)
    let names = options.pooling_mode?.all ?? old
    poolings = names.compactMap(Pooling.init)
    guard !names.isEmpty, poolings.count == names.count else {
      throw InputError(
        file: file,
        reason: names.isEmpty ? "no pooling" : "the pooling \(names.joined(separator: " and "))",
        expected: Pooling.allCases.map(\.rawValue).joined(separator: ", "))
    }
    saysPooling = true
    poolsPrompt = options.include_prompt ?? true
  }

  private mutating func readPrompt(_ file: String) throws {
    guard FileManager.default.fileExists(atPath: file) else { return }
    struct Options: Decodable {
      var default_prompt_name: String?
      var prompts: [String: String?]?
    }
    let options = try Self.decoded(Options.self, file)
    guard let name = options.default_prompt_name else { return }
    guard let prompts = options.prompts, let text = prompts[name] else {
      throw InputError(
        file: file, reason: "the default prompt \"\(name)\" is not among the prompts",
        expected: "an entry in \"prompts\"")
    }
    prompt = text ?? ""
  }

  /// The embeddings of texts, `[N, D]`, from the vectors of their tokens, `[N, T, W]`.
  ///
  /// - Parameters:
  ///   - lengths: the number of tokens of each text; the rest is padding.
  ///   - promptLength: the number of tokens at the start that are left out if the prompt is.
  func pooled(_ vectors: Tensor, lengths: [Int], promptLength: Int) -> Tensor {
    let length = vectors.size(along: 1)
    let first = poolsPrompt ? 0 : promptLength
    let places = Tensor.range(0..<length)
    let ends = Tensor(lengths.map { Int64($0) }, shape: [lengths.count, 1])
    var kept = places.isLess(than: ends).converted(to: .float32)  // [N, T]
    if first > 0 {
      kept = kept * Tensor([Int64(first - 1)]).isLess(than: places).converted(to: .float32)
    }
    let mask = kept.expandingDimension(at: 2)  // [N, T, 1]
    let parts = poolings.map { pooling -> Tensor in
      switch pooling {
      case .mean, .meanBySquareRoot:
        let sum = (vectors * mask).sum(along: 1)
        let count = kept.sum(along: 1, keepingDimensions: true).clamped(from: 1e-9)
        return pooling == .mean ? sum / count : sum / count.squareRoot()
      case .weightedMean:
        let weights = kept * (places.converted(to: .float32) + 1)
        return (vectors * weights.expandingDimension(at: 2)).sum(along: 1)
          / weights.sum(along: 1, keepingDimensions: true).clamped(from: 1e-9)
      case .maximum:
        // Infinity times 0 would not be a number.
        let lowered = vectors * mask + (mask - 1) * 1e30
        return lowered.maximum(along: 1)
      case .firstToken, .lastToken:
        let rows = lengths.enumerated().map { row, count in
          let place = pooling == .lastToken ? count - 1 : first < count ? first : 0
          return Int64(row * length + max(0, place))
        }
        return vectors.reshaped([lengths.count * length, vectors.size(along: 2)])
          .gathered(rows: Tensor(rows))
      }
    }
    let joined = parts.count == 1 ? parts[0] : Tensor.concatenated(parts, along: 1)
    return isNormalized ? joined.normalized(along: -1) : joined
  }
}
