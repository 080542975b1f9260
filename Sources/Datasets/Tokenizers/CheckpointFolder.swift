import Foundation
import Storage

/// The folder of a pretrained encoder, as published on model hubs.
///
///     config.json              the encoder's configuration
///     model.safetensors        its weights
///     tokenizer.json           its vocabulary and text normalisation; or
///     vocab.txt                the vocabulary alone, with
///     tokenizer_config.json    the text normalisation, optional
///     modules.json             of sentence encoders: whether vectors are normalised
///     1_Pooling/config.json    of sentence encoders: how token vectors are pooled
///     sentence_bert_config.json           of sentence encoders: the maximum length
///     config_sentence_transformers.json   of sentence encoders: the prompts before texts
public struct CheckpointFolder: Hashable, Sendable {
  /// The folder's path.
  public let path: String

  /// The weights' file.
  public var weights: String { path + "/model.safetensors" }

  /// Creates a reference to a folder.
  public init(path: String) { self.path = path }

  private static let needed = "config.json"
  private static let sentenceFile = "sentence_bert_config.json"
  private static let tokenizerFile = "tokenizer_config.json"
  private static let optional = [
    "tokenizer.json", "vocab.txt", tokenizerFile, "modules.json",
    "1_Pooling/config.json", sentenceFile, "config_sentence_transformers.json",
  ]

  /// The existing files other than the weights.
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
          reason: "texts must be in lower case, but the tokenizer does not convert them",
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
      // Accents depend only on the tokenizer, which keeps them.
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

  /// The number of tokens to which a sentence encoder truncates texts; nil if its folder does not
  /// say.
  ///
  /// Sentence-transformers stores it in `sentence_bert_config.json`, since version 6 in the
  /// tokenizer's options.
  ///
  /// - Throws: `FileError`; `InputError` when a file with the number is damaged, or the number
  ///   leaves no room for the tokens that begin and end every text.
  public func maximumLength() throws -> Int? {
    if let length = try sentenceOptions()?.max_seq_length {
      return try checkedLength(Double(length), "max_seq_length", Self.sentenceFile)
    }
    guard has("modules.json"), has(Self.tokenizerFile),
      let length = try decoded(Options.self, Self.tokenizerFile).model_max_length
    else { return nil }
    return try checkedLength(length, "model_max_length", Self.tokenizerFile)
  }

  /// - Returns: nil for a number larger than all lengths, which means that there is no limit.
  private func checkedLength(_ length: Double, _ key: String, _ name: String) throws -> Int? {
    guard length >= 2, length == length.rounded() else {
      throw InputError(
        file: "\(path)/\(name)", reason: "\(key) is \(length)",
        expected: "a whole number of at least 2: every text has the tokens [CLS] and [SEP]")
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

  /// Rejects a folder that lacks files that every encoder needs.
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
        expected: "the folder of a BERT encoder, as published on model hubs")
    }
  }

  /// A number that changes with every byte of the files; reads each file once.
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

  /// Copies the files to `folder`, each atomically; existing ones are kept.
  ///
  /// - Parameter weights: the name of the weights in `folder`.
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
