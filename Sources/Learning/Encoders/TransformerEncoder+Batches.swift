public import Torch

extension TransformerEncoder {
  /// Embeds many texts without gradients, in batches of texts of about the same length.
  ///
  /// Sorting by length leaves few places to fill up; the order of the result is that of `texts`. A
  /// text's embedding depends on its batch by rounding alone.
  ///
  /// - Parameters:
  ///   - texts: the token ids of each text, as a tokenizer gives them.
  ///   - paddingID: what short texts are filled up with; it does not matter.
  ///   - batchTokenCount: about how many tokens a batch has, filled places included. The default is
  ///     ours; more does not make a CPU faster.
  /// - Returns: `[texts, D]`.
  /// - Precondition: no text is empty, or longer than `maximumLength`.
  public func embeddings(
    of texts: [[Int32]], paddingID: Int32 = 0, batchTokenCount: Int = 4096
  ) -> Tensor {
    precondition(
      texts.allSatisfy { 1...configuration.maximumLength ~= $0.count },
      "texts of 1 to \(configuration.maximumLength) tokens, not of "
        + "\(texts.map(\.count).max() ?? 0) or of none")
    guard !texts.isEmpty else { return .zeros([0, configuration.width]) }
    let wasTraining = isTraining
    isTraining = false
    defer { isTraining = wasTraining }
    return withoutGradients {
      let batches = TokenBatch.rows(of: texts, tokenCount: batchTokenCount)
      let parts = batches.map { rows in
        let batch = TokenBatch(texts, rows: rows, paddingID: paddingID)
        return self(batch.tokens, mask: batch.mask)
      }
      return TokenBatch.ordered(parts, batches)
    }
  }
}

/// Texts of about the same length as a matrix.
struct TokenBatch {
  /// `[N, T]`.
  let tokens: Tensor
  /// `[N, T]`, true where a token is; nil where nothing had to be filled up.
  let mask: Tensor?

  /// The texts `rows` of `texts`, short ones filled up with `paddingID`.
  init(_ texts: [[Int32]], rows: [Int], paddingID: Int32 = 0) {
    let length = rows.map { texts[$0].count }.max() ?? 0
    var ids = [Int64](repeating: Int64(paddingID), count: rows.count * length)
    for (row, text) in rows.enumerated() {
      for (column, id) in texts[text].enumerated() { ids[row * length + column] = Int64(id) }
    }
    tokens = Tensor(ids, shape: [rows.count, length])
    guard rows.contains(where: { texts[$0].count < length }) else {
      mask = nil
      return
    }
    let lengths = Tensor(rows.map { Int64(texts[$0].count) }, shape: [rows.count, 1])
    mask = Tensor.range(0..<length).isLess(than: lengths)
  }

  /// Which texts go together into batches of at most `tokenCount` tokens, or of one text.
  ///
  /// The longest come first: memory then reaches its peak at once, and is used again from there on.
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

  /// The rows of all batches' results in the order of the texts.
  static func ordered(_ parts: [Tensor], _ batches: [[Int]]) -> Tensor {
    var places = [Int64](repeating: 0, count: batches.reduce(0) { $0 + $1.count })
    for (place, text) in batches.joined().enumerated() { places[text] = Int64(place) }
    return Tensor.concatenated(parts).gathered(rows: Tensor(places))
  }
}
