public import Storage
public import Torch

/// Masks random spans of texts.
///
/// Until a share of a text's tokens is masked, draws a span length from a truncated geometric
/// distribution, and a uniform position. Masked tokens are replaced by the token `replacement`, or
/// removed if it is nil:
///
///     P(ℓ) ∝ (1 − q)^{ℓ − 1} q     ℓ = 1 … L
///
/// - Paper: Joshi, Chen, Liu, Weld, Zettlemoyer, Levy. SpanBERT: Improving Pre-training by Representing
///   and Predicting Spans. TACL 2020, section 3.1. <https://arxiv.org/abs/1907.10529>
/// - Gradient: none; the values of kept tokens are unchanged.
/// - Units: none.
/// - Departures: tokens instead of whole words; every masked token is replaced, where the paper
///   keeps or exchanges a fifth. The last span is shortened if it would exceed the share. The
///   number of draws is limited to the number of tokens to mask, so that fewer may be masked.
/// - Degenerate: in an empty text nothing is masked; in any other at least one token is kept.
public struct SpanMask: Codable, Hashable, Sendable {
  /// The share of a text's tokens to mask; default 0.15, from the paper.
  public var share: Double
  /// The probability q that a span ends after each token; default 0.2, from the paper.
  public var ending: Double
  /// The maximum span length L; default 10, from the paper.
  public var longest: Int
  /// The token that replaces masked ones; nil removes them.
  public var replacement: Int?

  /// Creates a view.
  public init(
    share: Double = 0.15, ending: Double = 0.2, longest: Int = 10, replacement: Int? = nil
  ) {
    self.share = share
    self.ending = ending
    self.longest = longest
    self.replacement = replacement
  }

  /// A view of texts.
  ///
  /// - Parameters:
  ///   - texts: one row per text, its tokens in order.
  ///   - generator: a CPU generator.
  /// - Returns: the same rows; with a replacement, as many entries.
  /// - Precondition: the share is in 0 … 1, `ending` strictly between 0 and 1; `longest` ≥ 1; the
  ///   replacement is a column.
  public func callAsFunction(_ texts: CSRMatrix, generator: Generator) -> CSRMatrix {
    precondition(
      share >= 0 && share <= 1 && ending > 0 && ending < 1 && longest >= 1,
      "a share of \(share), endings of \(ending), stretches up to \(longest)")
    precondition(
      replacement.map { (0..<texts.columnCount).contains($0) } ?? true,
      "no column \(replacement ?? 0) of \(texts.columnCount)")
    // The cumulative distribution of span lengths.
    var limits: [Double] = []
    for length in 1...longest { limits.append((limits.last ?? 0) + weight(of: length)) }
    let budgets = (0..<texts.rowCount).map { row in
      let count = texts.entries(ofRow: row).count
      return min(Int((share * Double(count)).rounded(.up)), max(count - 1, 0))
    }
    let draws = Tensor.uniform(
      [budgets.reduce(0, +), 2], generator: generator, dtype: .float64
    ).doubles()
    var next = 0
    var hidden = [Bool](repeating: false, count: texts.entryCount)
    for (row, budget) in budgets.enumerated() {
      let entries = texts.entries(ofRow: row)
      var left = budget
      for draw in next..<(next + budget) where left > 0 {
        let level = draws[2 * draw] * (limits.last ?? 1)
        let length = min((limits.firstIndex { level < $0 } ?? longest - 1) + 1, entries.count)
        let first = Int(draws[2 * draw + 1] * Double(entries.count - length + 1))
        for entry in (entries.lowerBound + first)..<(entries.lowerBound + first + length)
        where left > 0 && !hidden[entry] {
          hidden[entry] = true
          left -= 1
        }
      }
      next += budget
    }
    guard let replacement else {
      return texts.keeping { texts.entries(ofRow: $0).filter { !hidden[$0] } }
    }
    return CSRMatrix(
      rowOffsets: texts.rowOffsets,
      columns: MappedArray(
        zip(texts.columns, hidden).map { $1 ? Int32(replacement) : $0 }),
      values: texts.values, columnCount: texts.columnCount)
  }

  private func weight(of length: Int) -> Double {
    (1..<length).reduce(ending) { weight, _ in weight * (1 - ending) }
  }
}
