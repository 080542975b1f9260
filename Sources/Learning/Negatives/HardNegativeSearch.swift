public import Torch

/// Finds for each query the labels that score highest without being positive: a shortlist of hard
/// negatives, to be made anew as the model moves.
///
///     s(i, j)  = ⟨xᵢ, yⱼ⟩ + bⱼ
///     list(i)  = the `count` labels of the largest s(i, j) with j ∉ Pᵢ and s(i, j) ≤ lineᵢ
///
/// with lineᵢ from the filter, +∞ without one.
///
/// - Paper: Xiong, Xiong, Li, Tang, Liu, Bennett, Ahmed, Overwijk. Approximate Nearest Neighbor
///   Negative Contrastive Learning for Dense Text Retrieval. ICLR 2021.
///   <https://arxiv.org/abs/2007.00808>
/// - Gradient: none; nothing here is recorded.
/// - Units: scores are those of the model: divide queries by the temperature first.
/// - Departures: the paper searches in a second process while the first trains on; here a search is
///   a call, so that a training repeats exactly.
/// - Degenerate: a query gets fewer where there are fewer candidates.
public struct HardNegativeSearch: Codable, Hashable, Sendable {
  /// How many labels a query gets, at most.
  public var count: Int
  /// What is left out because it is probably a positive; nil leaves nothing out.
  public var filter: FalseNegativeFilter?

  /// Describes a search.
  public init(count: Int, filter: FalseNegativeFilter? = nil) {
    self.count = count
    self.filter = filter
  }

  /// What a search found.
  public struct Result: Sendable, Equatable {
    /// `[N, L]`; the labels of each query, hardest first, with their scores as values.
    public var negatives: CSRMatrix
    /// How many scores of the search were above their query's line, positives apart.
    public var removed: Int
    /// How many scores were computed, those at positives included.
    public var scored: Int

    /// Takes what was found.
    public init(negatives: CSRMatrix, removed: Int, scored: Int) {
      self.negatives = negatives
      self.removed = removed
      self.scored = scored
    }
  }

  /// Compares every query with every label: blocked matrix products and a selection.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`; nil is 0.
  ///   - positives: `[N, L]`.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: the shapes fit, `count` ≥ 1.
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

  /// The score of each query's best positive; −∞ where there is none.
  ///
  /// - Parameters:
  ///   - queries: `[N, D]`.
  ///   - labels: `[L, D]`.
  ///   - bias: `[L]`; nil is 0.
  ///   - positives: `[N, L]`.
  /// - Throws: `TorchError` when libtorch refuses.
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
    precondition(count >= 1, "a search for \(count) labels")
    precondition(
      positives.rowCount == queries.size(along: 0) && positives.columnCount == labelCount,
      "positives of \(positives.rowCount) rows and \(positives.columnCount) columns for "
        + "\(queries.size(along: 0)) queries and \(labelCount) labels")
  }

  /// `[N, 1]`: above which score a label is left out.
  func lines(queries: Tensor, labels: Tensor, bias: Tensor?, positives: CSRMatrix) -> Tensor? {
    guard let filter else { return nil }
    let scores = Self.scores(ofEntriesOf: positives, queries: queries, labels: labels, bias: bias)
    let lines = filter.lines(ofPositiveScores: scores, positives)
    return Tensor(lines, shape: [lines.count, 1]).converted(to: queries.dtype)
      .moved(to: queries.device)
  }

  /// Replaces scores above their row's line by −∞ and counts them.
  static func hide(_ scores: inout Tensor, above lines: Tensor) -> Int {
    let above = scores.isGreater(than: lines)
    scores = scores.replacing(where: above, with: -.infinity)
    return above.sum().integer
  }

  /// The scores of the entries of a matrix `[N, L]`, row after row.
  static func scores(
    ofEntriesOf matrix: CSRMatrix, queries: Tensor, labels: Tensor, bias: Tensor?
  ) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(matrix.entryCount)
    // A block of entries at a time: all pairs of vectors at once could be a hundred times the data.
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

/// The best columns of rows that are seen a block of columns at a time.
struct RunningSelection {
  let count: Int
  private var best: (scores: Tensor, labels: Tensor)?

  init(count: Int) { self.count = count }

  /// Takes in `[N, M]` scores; `named` turns the places of a block (int64) into labels.
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
