public import Torch

/// Hides stretches of texts.
///
/// Until a share of a text's tokens is hidden, a length is drawn from a geometric distribution that
/// is cut off, and a place for it, evenly. Hidden tokens become the token `replacement`, or go where
/// there is none:
///
///     P(ℓ) ∝ (1 − q)^{ℓ − 1} q     ℓ = 1 … L
///
/// - Paper: Joshi, Chen, Liu, Weld, Zettlemoyer, Levy. SpanBERT: Improving Pre-training by Representing
///   and Predicting Spans. TACL 2020, section 3.1. <https://arxiv.org/abs/1907.10529>
/// - Gradient: none; the values of the tokens that stay are passed on.
/// - Units: none.
/// - Departures: tokens, not whole words; every hidden token is replaced, where the paper leaves or
///   exchanges a fifth. The last stretch is cut short where it would hide more than the share. After
///   as many draws as tokens are to be hidden, what is hidden is hidden.
/// - Degenerate: of an empty text nothing is hidden; of any other at least one token stays.
public struct SpanMask: Codable, Hashable, Sendable {
  /// The share of a text's tokens that is hidden; 0.15, the paper's.
  public var share: Double
  /// How likely a stretch ends after each token, q; 0.2, the paper's.
  public var ending: Double
  /// The longest stretch, L; 10, the paper's.
  public var longest: Int
  /// The token that stands for a hidden one; nil leaves it out.
  public var replacement: Int?

  /// Sets how much is hidden.
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
  ///   - texts: a row a text, its tokens in their order.
  ///   - generator: a generator of the CPU.
  /// - Returns: the same rows; with a replacement the same number of entries.
  /// - Precondition: the share lies in 0 … 1, `ending` in 0 … 1 without the ends; `longest` ≥ 1;
  ///   the replacement is a column.
  public func callAsFunction(_ texts: CSRMatrix, generator: Generator) -> CSRMatrix {
    precondition(
      share >= 0 && share <= 1 && ending > 0 && ending < 1 && longest >= 1,
      "a share of \(share), endings of \(ending), stretches up to \(longest)")
    precondition(
      replacement.map { (0..<texts.columnCount).contains($0) } ?? true,
      "no column \(replacement ?? 0) of \(texts.columnCount)")
    // The shares of the lengths up to each one.
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
