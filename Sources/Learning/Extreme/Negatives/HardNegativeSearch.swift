public import Storage
public import Torch

/// Finds, for each query, the highest-scoring labels that are not positive: a shortlist of hard
/// negatives, to be refreshed as the model changes.
///
///     s(i, j)  = ⟨xᵢ, yⱼ⟩ + bⱼ
///     list(i)  = the `count` labels of the largest s(i, j) with j ∉ Pᵢ and s(i, j) ≤ tᵢ
///
/// with tᵢ the filter's threshold, +∞ without a filter.
///
/// - Paper: Xiong, Xiong, Li, Tang, Liu, Bennett, Ahmed, Overwijk. Approximate Nearest Neighbor
///   Negative Contrastive Learning for Dense Text Retrieval. ICLR 2021.
///   <https://arxiv.org/abs/2007.00808>
/// - Gradient: none; nothing here is recorded.
/// - Units: scores are those of the model: divide queries by the temperature first.
/// - Departures: the paper searches in a second process while the first one trains; here a search
///   is a synchronous call, so that training is reproducible.
/// - Degenerate: a query with fewer candidates gets fewer labels.
public struct HardNegativeSearch: Codable, Hashable, Sendable {
  /// The maximum number of labels per query.
  public var count: Int
  /// Excludes probable positives; nil excludes nothing.
  public var filter: FalseNegativeFilter?

  /// Creates a search.
  public init(count: Int, filter: FalseNegativeFilter? = nil) {
    self.count = count
    self.filter = filter
  }

  /// The result of a search.
  public struct Result: Sendable, Equatable {
    /// `[N, L]`; the labels of each query, hardest first, with their scores as values.
    public var negatives: CSRMatrix
    /// The number of scores above their query's threshold, without positives.
    public var removed: Int
    /// The number of scores computed, including those of positives.
    public var scored: Int

    /// Creates a result.
    public init(negatives: CSRMatrix, removed: Int, scored: Int) {
      self.negatives = negatives
      self.removed = removed
      self.scored = scored
    }
  }

  /// Compares every query with every label: blocked matrix products and top-k selection.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`; nil means 0.
  ///   - positives: `[N, L]`.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: the shapes match, `count` ≥ 1.
  /// - Complexity: O(N · L · D) time; memory for about 16 million scores.
  public func callAsFunction(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix
  ) throws -> Result {
    let labelCount = labels.size(along: 0)
    check(queries: queries, labelCount: labelCount, positives: positives)
    return try checked {
      try withoutGradients {
        let labels = labels.contiguous()
        let lines = lines(queries: queries, labels: labels, bias: bias, positives: positives)
        let height = min(1024, max(1, queries.size(along: 0)))
        let width = max(1, min(labelCount, (1 << 24) / height))
        var parts: [CSRMatrix] = []
        var removed = 0
        for start in stride(from: 0, to: queries.size(along: 0), by: height) {
          let rows = start..<min(start + height, queries.size(along: 0))
          let own = positives.selecting(rows: rows)
          let block = queries[rows].contiguous()
          var best = RunningSelection(count: count)
          for first in stride(from: 0, to: labelCount, by: width) {
            let range = first..<min(first + width, labelCount)
            var scores = block.productWithTransposed(labels[range], bias: bias?[range])
            let places = Tensor(own.places(ofColumns: range)).moved(to: scores.device)
            scores.setElementsInPlace(at: places, to: -.infinity)
            if let lines { removed += Self.hide(&scores, above: lines[rows]) }
            let shift = Tensor([range.lowerBound]).moved(to: scores.device)
            best.add(scores, named: { $0 + shift })
          }
          parts.append(try best.result(columnCount: labelCount))
        }
        return Result(
          negatives: CSRMatrix(stacking: parts, columnCount: labelCount), removed: removed,
          scored: queries.size(along: 0) * labelCount)
      }
    }
  }

  /// The score of each query's highest-scoring positive; −∞ without one.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`; nil means 0.
  ///   - positives: `[N, L]`.
  /// - Throws: `TorchError` if libtorch fails.
  public static func highestPositiveScores(
    queries: Tensor, labels: Tensor, bias: Tensor? = nil, positives: CSRMatrix
  ) throws -> [Double] {
    try checked {
      withoutGradients {
        let scores = scores(
          ofEntriesOf: positives, queries: queries, labels: labels, bias: bias)
        return (0..<positives.rowCount).map {
          scores[positives.entries(ofRow: $0)].max() ?? -.infinity
        }
      }
    }
  }

  func check(queries: Tensor, labelCount: Int, positives: CSRMatrix) {
    precondition(count >= 1, "the number of labels \(count) is not positive")
    precondition(
      positives.rowCount == queries.size(along: 0) && positives.columnCount == labelCount,
      "positives of \(positives.rowCount) rows and \(positives.columnCount) columns for "
        + "\(queries.size(along: 0)) queries and \(labelCount) labels")
  }

  /// `[N, 1]`: the score above which a label is excluded.
  func lines(queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix) -> Tensor? {
    guard let filter else { return nil }
    let scores = Self.scores(ofEntriesOf: positives, queries: queries, labels: labels, bias: bias)
    let lines = filter.lines(ofPositiveScores: scores, positives)
    return Tensor(lines, shape: [lines.count, 1]).converted(to: queries.dtype)
      .moved(to: queries.device)
  }

  /// Replaces scores above their row's threshold by −∞ and counts them.
  static func hide(_ scores: inout Tensor, above lines: Tensor) -> Int {
    let above = scores.isGreater(than: lines)
    scores = scores.replacing(where: above, with: -.infinity)
    return above.sum().integer
  }

  /// The scores of the entries of a matrix `[N, L]`, in row order.
  static func scores(
    ofEntriesOf matrix: CSRMatrix, queries: Tensor, labels: Tensor, bias: Tensor?
  ) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(matrix.entryCount)
    // In blocks of entries: all pairs of vectors at once could be a hundred times the data.
    let height = 4096
    for start in stride(from: 0, to: matrix.rowCount, by: height) {
      let rows = start..<min(start + height, matrix.rowCount)
      var owners: [Int] = []
      var names: [Int] = []
      for row in rows {
        for label in matrix.columns(ofRow: row) {
          owners.append(row)
          names.append(Int(label))
        }
      }
      let columns = Tensor(names).moved(to: labels.device)
      let products =
        queries.gathered(rows: Tensor(owners).moved(to: queries.device))
        * labels.gathered(rows: columns)
      let scores = products.sum(along: 1)
      result += (bias.map { scores + $0.gathered(rows: columns) } ?? scores).doubles()
    }
    return result
  }
}

/// The top columns of rows that arrive one block of columns at a time.
struct RunningSelection {
  let count: Int
  private var best: (scores: Tensor, labels: Tensor)?

  init(count: Int) { self.count = count }

  /// Adds `[N, M]` scores; `named` maps column indices of the block (int64) to labels.
  mutating func add(_ scores: Tensor, named: (Tensor) -> Tensor) {
    let (values, places) = scores.largest(min(count, scores.size(along: 1)), along: 1)
    let labels = named(places)
    guard let old = best else {
      best = (values, labels)
      return
    }
    let all = Tensor.concatenated([old.scores, values], along: 1)
    let (kept, from) = all.largest(min(count, all.size(along: 1)), along: 1)
    best = (kept, Tensor.concatenated([old.labels, labels], along: 1).gathered(at: from, along: 1))
  }

  func result(columnCount: Int) throws -> CSRMatrix {
    guard let best else { return CSRMatrix(rows: [[Int]](), columnCount: columnCount) }
    return CSRMatrix(scores: best.scores, labels: best.labels, columnCount: columnCount)
  }
}
