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
///
/// For encoders that are not BERT's, or have no `model.safetensors`:
///
///     model.onnx or onnx/model.onnx    the graph with its weights, and files that it names
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

  /// The possible names of an ONNX graph.
  public static let graphNames = ["model.onnx", "onnx/model.onnx"]

  /// How the encoder is computed.
  public enum Kind: Hashable, Sendable {
    /// By our implementation of BERT, from `model.safetensors`.
    case bert
    /// By ONNX Runtime, from the file of this name.
    case graph(String)
  }

  /// How the encoder is computed: BERT's with `model.safetensors` by ours, others by their ONNX
  /// graph.
  ///
  /// - Throws: `InputError` naming another architecture without an ONNX graph, `FileError`.
  public func kind() throws -> Kind {
    let graph = Self.graphNames.first { has($0) }
    guard has(Self.needed) else { return graph.map { .graph($0) } ?? .bert }
    struct Options: Decodable { var model_type: String? }
    let type = try decoded(Options.self, Self.needed).model_type ?? "bert"
    if let graph, type != "bert" || !has("model.safetensors") { return .graph(graph) }
    guard type == "bert" else {
      throw InputError(
        file: "\(path)/\(Self.needed)", reason: "the model_type is \"\(type)\"",
        expected: "\"bert\", or the model as ONNX in this folder: model.onnx, as written by "
          + "optimum-cli export onnx")
    }
    return .bert
  }

  /// The existing files other than the weights.
  private var smallFiles: [String] {
    ([Self.needed] + Self.optional).filter { has($0) }
  }

  /// The files of the weights.
  private func weightFiles(_ kind: Kind) throws -> [String] {
    guard case .graph(let name) = kind else { return ["model.safetensors"] }
    return [name] + (try dataFiles(of: name))
  }

  /// Whether the folder has a graph with all files that it names.
  private var hasGraph: Bool {
    get throws {
      guard FileManager.default.fileExists(atPath: path), case .graph(let name) = try kind() else {
        return false
      }
      return try dataFiles(of: name).allSatisfy { has($0) }
    }
  }

  /// The files that hold weights of a graph, by their path in the folder.
  ///
  /// - Throws: `FileError`; `InputError` when the graph is damaged or names a file elsewhere.
  public func dataFiles(of graph: String) throws -> [String] {
    let folder = graph.contains("/") ? "onnx/" : ""
    return try ONNXFileReferences(of: "\(path)/\(graph)").locations.map { folder + $0 }
  }

  /// Whether the folder has a file.
  public func has(_ name: String) -> Bool {
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

  /// The tokenizer of an encoder with a graph, as its files describe it.
  ///
  /// - Throws: `FileError` when the folder has none, `InputError` when a file is damaged or names a
  ///   part that is not supported.
  public func tokenizerOfGraph() throws -> any TextTokenizer {
    guard has("tokenizer.json") else {
      guard has("vocab.txt") else {
        throw InputError(
          file: path, reason: "the encoder's folder has no tokenizer.json",
          expected: "tokenizer.json, which save_pretrained of a fast tokenizer writes")
      }
      return try tokenizer()
    }
    var pipeline = try TokenizerPipeline(tokenizerFile: path + "/tokenizer.json")
    if try sentenceOptions()?.do_lower_case == true { pipeline.addLowercasing() }
    if !pipeline.namesPadding {
      pipeline.paddingID = pipeline.id(of: "[PAD]") ?? pipeline.id(of: "<pad>") ?? 0
    }
    guard has(Self.tokenizerFile) else { return pipeline }
    let options = try decoded(Options.self, Self.tokenizerFile)
    if let side = options.truncation_side { pipeline.truncatesStart = side == "left" }
    if let token = options.pad_token?.content {
      guard let id = pipeline.id(of: token) else {
        throw InputError(
          file: "\(path)/\(Self.tokenizerFile)",
          reason: "the pad_token \"\(token)\" is not in tokenizer.json",
          expected: "files that belong together")
      }
      pipeline.paddingID = id
    }
    return pipeline
  }

  /// The number of tokens that a graph's files limit texts to; nil if they do not say.
  ///
  /// - Throws: as `maximumLength()`.
  public func maximumLengthOfGraph(_ tokenizer: any TextTokenizer) throws -> Int? {
    var lengths: [Int?] = [try maximumLength()]
    if lengths[0] == nil, has(Self.tokenizerFile),
      let length = try decoded(Options.self, Self.tokenizerFile).model_max_length
    {
      lengths.append(try checkedLength(length, "model_max_length", Self.tokenizerFile))
    }
    lengths.append(try positionCount())
    if let least = lengths.compactMap(\.self).min() { return least }
    return (tokenizer as? TokenizerPipeline)?.maximumLength
  }

  /// The number of positions in a graph's `config.json`; nil if it does not say.
  ///
  /// - Throws: `FileError`; `InputError` when the file is damaged.
  public func positionCount() throws -> Int? {
    guard has(Self.needed) else { return nil }
    return try decoded(Positions.self, Self.needed).count
  }

  private struct Positions: Decodable {
    var model_type: String?
    var max_position_embeddings: Int?
    var pad_token_id: Int?

    /// Encoders that count positions from after the padding token's id.
    private static let shifted: Set<String> = [
      "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer",
      "roberta-prelayernorm", "data2vec-text",
    ]

    var count: Int? {
      guard let all = max_position_embeddings, all > 1 else { return nil }
      guard Self.shifted.contains(model_type ?? "") else { return all }
      return max(2, all - min(max(pad_token_id ?? 1, 0), 1 << 20) - 1)
    }
  }

  private struct Options: Decodable {
    var do_lower_case: Bool?
    var strip_accents: Bool?
    var tokenize_chinese_chars: Bool?
    var model_max_length: Double?
    var truncation_side: String?
    var pad_token: Token?

    /// A token as its text, or as an object with flags.
    struct Token: Decodable {
      var content: String?
      init(from decoder: any Decoder) throws {
        do {
          content = try decoder.singleValueContainer().decode(String.self)
        } catch DecodingError.typeMismatch {
          struct Flagged: Decodable { var content: String? }
          content = try Flagged(from: decoder).content
        }
      }
    }
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
    if case .graph = try kind() { return }
    guard has("model.safetensors") || !has("pytorch_model.bin") else {
      throw InputError(
        file: path + "/pytorch_model.bin", reason: "the weights are pickled Python objects",
        expected: "model.safetensors, which save_pretrained of current versions writes, or "
          + "model.onnx, which optimum-cli export onnx writes")
    }
    var missing = [Self.needed, "model.safetensors"].filter { !has($0) }
    if !has("tokenizer.json"), !has("vocab.txt") { missing.append("tokenizer.json or vocab.txt") }
    guard missing.isEmpty else {
      throw InputError(
        file: path, reason: "the encoder's folder has no \(missing.joined(separator: ", no "))",
        expected: "the folder of a BERT encoder or of an ONNX model, as published on model hubs")
    }
  }

  /// A number that changes with every byte of the files; reads each file once.
  ///
  /// - Throws: `FileError` when a file cannot be read.
  public func contentHash() throws -> UInt64 {
    var text = ""
    for name in smallFiles + (try weightFiles(try kind())) {
      let hash = try MappedFile(path: "\(path)/\(name)").withBytes(XXHash64.hash)
      text += "\(name) \(hash)\n"
    }
    return XXHash64.hash(text)
  }

  /// Copies the files to `folder`, each atomically; existing ones are kept.
  ///
  /// - Parameter weights: the name of BERT's weights in `folder`.
  /// - Throws: `FileError` when a file cannot be read or written.
  public func copy(to folder: String, weights: String = "model.safetensors") throws {
    // A run goes on without its checkpoint once it has a whole copy.
    if !FileManager.default.fileExists(atPath: path), try CheckpointFolder(path: folder).hasGraph {
      return
    }
    let kind = try kind()
    if kind != .bert || !FileManager.default.fileExists(atPath: "\(folder)/\(weights)") {
      try check()
    }
    try Folder.make(folder)
    let files =
      smallFiles.map { ($0, $0) }
      + (kind == .bert
        ? [("model.safetensors", weights)] : try weightFiles(kind).map { ($0, $0) })
    for (name, _) in files where name.contains("/") {
      try Folder.make("\(folder)/\(name)".parentFolder)
    }
    for (name, target) in files {
      guard !FileManager.default.fileExists(atPath: "\(folder)/\(target)") else { continue }
      let file = try MappedFile(path: "\(path)/\(name)")
      try file.withBytes { try writeAtomically($0, to: "\(folder)/\(target)") }
    }
  }
}
