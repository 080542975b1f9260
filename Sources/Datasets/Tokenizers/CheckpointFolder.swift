import Foundation
import Torch

/// The folder of a pretrained encoder as model hubs publish it.
///
///     config.json              the encoder's shape
///     model.safetensors        its weights
///     tokenizer.json           its vocabulary and what is done to a text; or
///     vocab.txt                the vocabulary alone, with
///     tokenizer_config.json    what is done to a text, where it is there
///     modules.json             of sentence encoders: whether vectors are normalised
///     1_Pooling/config.json    of sentence encoders: how tokens' vectors become one
///     sentence_bert_config.json           of sentence encoders: where texts are cut off
///     config_sentence_transformers.json   of sentence encoders: what is put before texts
public struct CheckpointFolder: Hashable, Sendable {
  /// The folder's path.
  public let path: String

  /// The weights' file.
  public var weights: String { path + "/model.safetensors" }

  /// Names a folder.
  public init(path: String) { self.path = path }

  private static let needed = "config.json"
  private static let sentenceFile = "sentence_bert_config.json"
  private static let tokenizerFile = "tokenizer_config.json"
  private static let optional = [
    "tokenizer.json", "vocab.txt", tokenizerFile, "modules.json",
    "1_Pooling/config.json", sentenceFile, "config_sentence_transformers.json",
  ]

  /// All that is needed beside the weights, as far as it is there.
  private var smallFiles: [String] {
    [Self.needed] + Self.optional.filter { has($0) }
  }

  private func has(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/\(name)")
  }

  /// The tokenizer that the encoder was trained with.
  ///
  /// - Throws: `FileError` when the folder has none, `InputError` when it is of another kind.
  public func tokenizer() throws -> WordPieceTokenizer {
    let lowercases = try sentenceOptions()?.do_lower_case ?? false
    if has("tokenizer.json") {
      let tokenizer = try WordPieceTokenizer(tokenizerFile: path + "/tokenizer.json")
      guard !lowercases || tokenizer.configuration.isLowercased else {
        throw InputError(
          file: "\(path)/\(Self.sentenceFile)",
          reason: "texts are to be in lower case, which the tokenizer does not make them",
          expected: "a tokenizer.json that does, or a vocab.txt instead")
      }
      return tokenizer
    }
    var configuration = WordPieceTokenizer.Configuration()
    if has(Self.tokenizerFile) {
      let options = try decoded(Options.self, Self.tokenizerFile)
      configuration.isLowercased = options.do_lower_case ?? configuration.isLowercased
      configuration.stripsAccents = options.strip_accents
      configuration.separatesIdeographs =
        options.tokenize_chinese_chars ?? configuration.separatesIdeographs
    }
    if lowercases, !configuration.isLowercased {
      configuration.isLowercased = true
      // Accents are the tokenizer's matter, which keeps them.
      configuration.stripsAccents = configuration.stripsAccents ?? false
    }
    return try WordPieceTokenizer(
      vocabularyFile: path + "/vocab.txt", configuration: configuration)
  }

  private struct Options: Decodable {
    var do_lower_case: Bool?
    var strip_accents: Bool?
    var tokenize_chinese_chars: Bool?
    var model_max_length: Double?
  }

  /// The number of tokens after which a sentence encoder cuts a text off; nil where its folder does
  /// not say.
  ///
  /// Sentence-transformers has it in `sentence_bert_config.json`, since version 6 among the
  /// tokenizer's options.
  ///
  /// - Throws: `FileError`; `InputError` when a file that says so is damaged, or leaves no room for
  ///   the tokens that every text begins and ends with.
  public func maximumLength() throws -> Int? {
    if let length = try sentenceOptions()?.max_seq_length {
      return try checkedLength(Double(length), "max_seq_length", Self.sentenceFile)
    }
    guard has("modules.json"), has(Self.tokenizerFile),
      let length = try decoded(Options.self, Self.tokenizerFile).model_max_length
    else { return nil }
    return try checkedLength(length, "model_max_length", Self.tokenizerFile)
  }

  /// - Returns: nil for a number beyond all lengths: it says that there is no limit.
  private func checkedLength(_ length: Double, _ key: String, _ name: String) throws -> Int? {
    guard length >= 2, length == length.rounded() else {
      throw InputError(
        file: "\(path)/\(name)", reason: "\(key) is \(length)",
        expected: "a whole number of tokens, at least 2: [CLS] and [SEP] belong to every text")
    }
    return length < 1e6 ? Int(length) : nil
  }

  private func sentenceOptions() throws -> SentenceOptions? {
    guard has(Self.sentenceFile) else { return nil }
    return try decoded(SentenceOptions.self, Self.sentenceFile)
  }

  private func decoded<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    let file = "\(path)/\(name)"
    return try decodeJSON(
      type, from: MappedFile(path: file).withBytes { Data($0) }, file: file,
      expected: "the options of a text encoder")
  }

  private struct SentenceOptions: Decodable {
    var max_seq_length: Int?
    var do_lower_case: Bool?
  }

  /// Refuses a folder that lacks what every encoder needs.
  ///
  /// - Throws: `InputError` with the names of the files; `FileError` when there is no such folder.
  public func check() throws {
    guard FileManager.default.fileExists(atPath: path) else {
      throw FileError(path: path, action: "open", code: ENOENT)
    }
    guard has("model.safetensors") || !has("pytorch_model.bin") else {
      throw InputError(
        file: path + "/pytorch_model.bin", reason: "the weights are pickled Python objects",
        expected: "model.safetensors, which save_pretrained of current versions writes")
    }
    var missing = [Self.needed, "model.safetensors"].filter { !has($0) }
    if !has("tokenizer.json"), !has("vocab.txt") { missing.append("tokenizer.json or vocab.txt") }
    guard missing.isEmpty else {
      throw InputError(
        file: path, reason: "the encoder's folder has no \(missing.joined(separator: ", no "))",
        expected: "the folder of a BERT encoder as model hubs publish it")
    }
  }

  /// A number that changes with every byte of the files; each is read once.
  ///
  /// - Throws: `FileError` when a file cannot be read.
  public func contentHash() throws -> UInt64 {
    var text = ""
    for name in smallFiles + ["model.safetensors"] {
      let hash = try MappedFile(path: "\(path)/\(name)").withBytes(XXHash64.hash)
      text += "\(name) \(hash)\n"
    }
    return XXHash64.hash(text)
  }

  /// Copies the files to `folder`, each in one atomic step; those that are there already are left.
  ///
  /// - Parameter weights: the name that the weights get there.
  /// - Throws: `FileError` when a file cannot be read or written.
  public func copy(to folder: String, weights: String = "model.safetensors") throws {
    if !FileManager.default.fileExists(atPath: "\(folder)/\(weights)") { try check() }
    try Folder.make(folder)
    for name in smallFiles where name.contains("/") {
      try Folder.make("\(folder)/\(name)".parentFolder)
    }
    for (name, target) in smallFiles.map({ ($0, $0) }) + [("model.safetensors", weights)] {
      guard !FileManager.default.fileExists(atPath: "\(folder)/\(target)") else { continue }
      let file = try MappedFile(path: "\(path)/\(name)")
      try file.withBytes { try writeAtomically($0, to: "\(folder)/\(target)") }
    }
  }
}
