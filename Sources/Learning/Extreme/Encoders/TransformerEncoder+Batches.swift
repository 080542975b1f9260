public import Torch

extension TransformerEncoder {
  /// Embeds many texts without gradients, in batches of texts of similar length.
  ///
  /// Sorting by length keeps padding low; the result is in the order of `texts`. A text's embedding
  /// depends on its batch only by rounding.
  ///
  /// - Parameters:
  ///   - texts: the token ids of each text, as the tokenizer returns them.
  ///   - paddingID: the id that pads short texts; it does not affect the result.
  ///   - batchTokenCount: the approximate number of tokens per batch, padding included. The default
  ///     is ours; larger batches do not run faster on a CPU.
  ///     ours; more does not make a CPU faster.
  /// - Returns: `[texts, D]`.
  /// - Precondition: no text is empty or longer than `maximumLength`.
  public func embeddings(
    of texts: [[Int32]], paddingID: Int32 = 0, batchTokenCount: Int = 4096
  ) -> Tensor {
    precondition(
      texts.allSatisfy { 1...configuration.maximumLength ~= $0.count },
      "texts must have 1 to \(configuration.maximumLength) tokens; the longest has "
        + "\(texts.map(\.count).max() ?? 0), the shortest \(texts.map(\.count).min() ?? 0)")
    guard !texts.isEmpty else { return .zeros([0, configuration.width], device: device) }
    let wasTraining = isTraining
    isTraining = false
    defer { isTraining = wasTraining }
    return withoutGradients {
      let batches = TokenBatch.rows(of: texts, tokenCount: batchTokenCount)
      let parts = batches.map { rows in
        let batch = TokenBatch(texts, rows: rows, paddingID: paddingID, device: device)
        return self(batch.tokens, mask: batch.mask)
      }
      return TokenBatch.ordered(parts, batches)
    }
  }
}

/// Texts of similar length as one padded matrix.
struct TokenBatch {
  /// `[N, T]`.
  let tokens: Tensor
  /// `[N, T]`, true for tokens; nil if nothing was padded.
  let mask: Tensor?

  /// Creates a batch of the texts at `rows`, short ones padded with `paddingID`.
  init(_ texts: [[Int32]], rows: [Int], paddingID: Int32 = 0, device: Device) {
    let length = rows.map { texts[$0].count }.max() ?? 0
    var ids = [Int64](repeating: Int64(paddingID), count: rows.count * length)
    for (row, text) in rows.enumerated() {
      for (column, id) in texts[text].enumerated() { ids[row * length + column] = Int64(id) }
    }
    tokens = Tensor(ids, shape: [rows.count, length]).sent(to: device)
    guard rows.contains(where: { texts[$0].count < length }) else {
      mask = nil
      return
    }
    let lengths = Tensor(rows.map { Int64(texts[$0].count) }, shape: [rows.count, 1])
    mask = Tensor.range(0..<length).isLess(than: lengths).sent(to: device)
  }

  /// Groups texts into batches of at most `tokenCount` tokens, or of a single text.
  ///
  /// The longest come first, so that memory peaks at once and is reused from then on.
  static func rows(of texts: [[Int32]], tokenCount: Int) -> [[Int]] {
    let order = texts.indices.sorted { (texts[$0].count, $0) < (texts[$1].count, $1) }
    var batches: [[Int]] = []
    var end = order.count
    while end > 0 {
      let start = max(0, end - max(1, tokenCount / texts[order[end - 1]].count))
      batches.append(Array(order[start..<end]))
      end = start
    }
    return batches
  }

  /// The rows of all batches' results, in the order of the texts.
  static func ordered(_ parts: [Tensor], _ batches: [[Int]]) -> Tensor {
    var places = [Int64](repeating: 0, count: batches.reduce(0) { $0 + $1.count })
    for (place, text) in batches.joined().enumerated() { places[text] = Int64(place) }
    let all = Tensor.concatenated(parts)
    return all.gathered(rows: Tensor(places).sent(to: all.device))
  }
}
