import Datasets
import Extreme
import Foundation
import Storage
import Torch

/// An encoder in an ONNX file, with the pooling and the prompt that its folder describes.
///
/// The graph gets `input_ids` and, as far as it declares them, `attention_mask`, `token_type_ids`
/// (all 0) and `position_ids`. Its output is `last_hidden_state` or `token_embeddings`, which are
/// pooled here, or else `sentence_embedding` or `embedding`.
package struct ONNXEncoder: Sendable {
  /// The dimension of embeddings.
  private(set) var width = 0
  /// The text before every text.
  var prompt: String { modules.prompt }
  /// A name of the pooling for caches.
  let poolingName: String
  /// The largest number of tokens that the graph takes; nil if it is free.
  let fixedLength: Int?

  private let session: ONNXSession
  private var modules: SentenceModules
  private let output: String
  private let isPooled: Bool
  private let tokenizer: any TextTokenizer
  private let fixedCount: Int?
  private let promptLength: Int
  private let takesMask: Bool

  /// Opens the graph of a folder.
  ///
  /// - Parameter pooling: replaces the folder's.
  /// - Throws: `ONNXRuntimeError` without the library; `InputError` naming an input, an output or a
  ///   module that is not supported, or a damaged file; `FileError`.
  init(
    _ folder: CheckpointFolder, graph: String, tokenizer: any TextTokenizer,
    pooling: TransformerEncoder.Pooling? = nil, maximumLength: Int, threads: Int
  ) throws {
    let path = "\(folder.path)/\(graph)"
    try Self.checkReferences(of: path)
    modules = try SentenceModules(folder: folder.path)
    session = try ONNXSession(path: path, threads: threads)
    self.tokenizer = tokenizer
    for input in session.inputs where !Self.inputNames.contains(input.name) {
      throw InputError(
        file: path, reason: "the graph has an input \"\(input.name)\"",
        expected: "only \(Self.inputNames.joined(separator: ", "))")
    }
    for input in session.inputs
    where !(input.dtype == .int64 || input.dtype == .int32) || input.shape.count != 2 {
      throw InputError(
        file: path, reason: "the input \"\(input.name)\" is not a matrix of whole numbers",
        expected: "int64 of shape [texts, tokens]")
    }
    guard let ids = session.inputs.first(where: { $0.name == "input_ids" }) else {
      throw InputError(
        file: path, reason: "the graph has no input \"input_ids\"",
        expected: "an encoder of texts: \(Self.inputNames.joined(separator: ", "))")
    }
    fixedCount = ids.shape[0] > 0 ? ids.shape[0] : nil
    fixedLength = ids.shape[1] > 0 ? ids.shape[1] : nil
    takesMask = session.inputs.contains { $0.name == "attention_mask" }
    if let fixedCount, fixedCount > 4096 {
      throw InputError(
        file: path, reason: "the graph takes \(fixedCount) texts at once", expected: "at most 4,096"
      )
    }
    guard takesMask || fixedLength == nil else {
      throw InputError(
        file: path,
        reason: "the graph takes exactly \(fixedLength ?? 0) tokens and no attention_mask",
        expected: "an export with attention_mask, or with a free number of tokens")
    }
    (output, isPooled) = try Self.output(of: session, modules)
    if let pooling {
      guard !isPooled else {
        throw InputError(
          file: path, reason: "the graph's output \"\(output)\" is pooled already",
          expected: "an export with last_hidden_state, or no --pooling")
      }
      modules.poolings = [pooling == .mean ? .mean : .firstToken]
    }
    poolingName =
      isPooled ? "sentence" : modules.poolings.map(\.rawValue).joined(separator: "+")
    promptLength =
      modules.poolsPrompt || modules.prompt.isEmpty
      ? 0 : Self.promptLength(modules.prompt, tokenizer, maximumLength)
    // A first text shows the width, which graphs need not declare, and that the graph runs.
    let limit = min(maximumLength, fixedLength ?? .max)
    let first = try checked { try run([tokenizer.encode("a", maximumLength: limit)]) }
    guard first.size(along: 1) > 0 else {
      throw InputError(
        file: path, reason: "the output \"\(output)\" has no numbers",
        expected: "an encoder of texts")
    }
    width = first.size(along: 1)
  }

  private static let inputNames = [
    "input_ids", "attention_mask", "token_type_ids", "position_ids",
  ]

  private static func checkReferences(of path: String) throws {
    let folder = path.parentFolder
    for name in try ONNXFileReferences(of: path).locations
    where !FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
      throw InputError(
        file: path, reason: "its weights are in \(name), which is missing",
        expected: "\(folder)/\(name), as published with the graph")
    }
  }

  /// The output to read, and whether it is one vector for each text.
  private static func output(of session: ONNXSession, _ modules: SentenceModules) throws -> (
    name: String, isPooled: Bool
  ) {
    let names = session.outputs.filter { $0.dtype != nil }.map(\.name)
    let ofTokens = ["last_hidden_state", "token_embeddings"].first(where: names.contains)
    // The second name is that of Decant's own exports.
    if let ofTexts = ["sentence_embedding", "embedding"].first(where: names.contains),
      ofTokens == nil || modules.unsupported != nil
    {
      return (ofTexts, true)
    }
    if let fault = modules.unsupported { throw fault }
    guard let ofTokens else {
      throw InputError(
        file: session.path,
        reason: "the graph's outputs are \(session.outputs.map(\.name).joined(separator: ", "))",
        expected: "last_hidden_state, token_embeddings or sentence_embedding, as in an export for "
          + "feature extraction")
    }
    return (ofTokens, false)
  }

  /// The number of tokens at the start of a text that belong to the prompt.
  private static func promptLength(
    _ prompt: String, _ tokenizer: any TextTokenizer, _ maximumLength: Int
  ) -> Int {
    let ids = tokenizer.encode(prompt, maximumLength: maximumLength)
    // The token that ends every text does not belong to it.
    return ids.count - (ids.last.map(tokenizer.silentIDs.contains) == true ? 1 : 0)
  }

  /// The embeddings of texts by their tokens, `[texts, W]`, in batches of similar length.
  ///
  /// - Throws: `InputError` naming the file when the graph cannot be computed, `TorchError`.
  func embeddings(of ids: [[Int32]]) throws -> Tensor {
    guard !ids.isEmpty else { return .zeros([0, width]) }
    // The longest come first, so that memory peaks at once.
    let order = ids.indices.sorted { (ids[$0].count, $0) > (ids[$1].count, $1) }
    var parts: [Tensor] = []
    var start = 0
    while start < order.count {
      let length = fixedLength ?? max(1, ids[order[start]].count)
      var end = min(start + (fixedCount ?? max(1, Self.batchTokenCount / length)), order.count)
      if !takesMask {
        // Padding would count like text.
        while ids[order[end - 1]].count < ids[order[start]].count { end -= 1 }
      }
      parts.append(try run(order[start..<end].map { ids[$0] }))
      start = end
    }
    var places = [Int64](repeating: 0, count: ids.count)
    for (place, text) in order.enumerated() { places[text] = Int64(place) }
    return Tensor.concatenated(parts).gathered(rows: Tensor(places))
  }

  /// The number of tokens in a batch; larger ones do not run faster on a CPU.
  private static let batchTokenCount = 4096

  /// The inputs of the graph for texts, by name, `[texts, tokens]`.
  func inputs(of ids: [[Int32]]) -> [String: Tensor] {
    let (numbers, shape) = numbers(of: ids)
    return Dictionary(
      zip(session.inputs.map(\.name), numbers.map { Tensor($0, shape: shape) }),
      uniquingKeysWith: { $1 })
  }

  /// The numbers of each declared input, and their shape.
  private func numbers(of ids: [[Int32]]) -> (numbers: [[Int64]], shape: [Int]) {
    let length = fixedLength ?? max(1, ids.map(\.count).max() ?? 1)
    // A graph with a fixed number of texts gets the last one again.
    let rows = ids + Array(repeating: ids.last ?? [], count: max(0, (fixedCount ?? 0) - ids.count))
    func padded(_ filler: Int64, _ value: (Int, Int32) -> Int64) -> [Int64] {
      rows.flatMap { row in
        row.prefix(length).enumerated().map { value($0, $1) }
          + Array(repeating: filler, count: max(0, length - row.count))
      }
    }
    let numbers = session.inputs.map { input in
      switch input.name {
      case "attention_mask": padded(0) { _, _ in 1 }
      case "token_type_ids": padded(0) { _, _ in 0 }
      case "position_ids": padded(0) { place, _ in Int64(place) }
      default: padded(Int64(tokenizer.paddingID)) { Int64($1) }
      }
    }
    return (numbers, [rows.count, length])
  }

  /// The embeddings of a batch: `[texts, W]`.
  private func run(_ ids: [[Int32]]) throws -> Tensor {
    let (numbers, shape) = numbers(of: ids)
    let result = try session.run(numbers, shape: shape, output: output)
    let expected = isPooled ? [shape[0]] : shape
    guard result.dimensionCount == expected.count + 1, result.shape.starts(with: expected) else {
      throw InputError(
        file: session.path,
        reason: "the output \"\(output)\" has the shape \(result.shape) for \(shape) tokens",
        expected: isPooled ? "[texts, numbers]" : "[texts, tokens, numbers]")
    }
    let vectors = result[0..<ids.count]
    guard !isPooled else {
      return modules.isNormalized ? vectors.normalized(along: -1) : vectors
    }
    return modules.pooled(
      vectors, lengths: ids.map { min($0.count, shape[1]) }, promptLength: promptLength)
  }
}
