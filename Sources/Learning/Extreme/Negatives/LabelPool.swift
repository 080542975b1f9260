public import Storage
public import Torch

/// The labels scored in one training step: the batch's positives, its mined hard negatives and a
/// uniform sample.
///
/// Every streamed loss runs on the pool as on all labels, given the pool's label vectors and the
/// positives renumbered. Complete rows of the positive matrix are kept, so that a label that is
/// positive for a document never serves as its negative, even if another document brought it in.
///
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-Encoders for Extreme
///   Multi-label Classification. ICLR 2024, its variant with mined hard negatives.
///   <https://arxiv.org/abs/2310.10636>
/// - Gradient: the loss's gradient with respect to the pool's vectors.
/// - Units: labels. A batch of B documents with p positives and m hard negatives each has at most
///   B (p + m) + u of them.
/// - Departures: the authors draw a step's hard negatives from a shortlist of 100, and one positive
///   per document; here a step takes the first m of the shortlist, or m drawn from it, and all
///   positives unless `positiveLimit` is set.
/// - Degenerate: a batch without positives, negatives and draws has an empty pool.
public struct LabelPool: Sendable, Equatable {
  /// The labels, ascending; a label's index here is its number in the pool.
  public let labels: [Int]
  /// `[B, labels.count]`; the positives, renumbered, with their values.
  public let positives: CSRMatrix
  /// The number of labels that are positive for some document of the batch.
  public let positiveCount: Int
  /// The number of labels that came in as hard negatives and are not positive in the batch.
  public let hardCount: Int

  /// The sources of a step's negatives.
  public struct Configuration: Codable, Hashable, Sendable {
    /// Hard negatives per document, m.
    public var hardNegatives: Int
    /// Labels drawn uniformly from all, per batch.
    public var uniformNegatives: Int
    /// How many of a document's positives are added to the pool; nil means all.
    ///
    /// The others still count as positives if the pool contains them for another reason.
    public var positiveLimit: Int?
    /// The pool is filled with uniform draws until its size is a multiple of this.
    ///
    /// Matrix libraries cache code for each shape that they have seen.
    public var multiple: Int

    /// Creates a configuration; by default, a pool of positives only.
    public init(
      hardNegatives: Int = 0, uniformNegatives: Int = 0, positiveLimit: Int? = nil,
      multiple: Int = 1
    ) {
      self.hardNegatives = hardNegatives
      self.uniformNegatives = uniformNegatives
      self.positiveLimit = positiveLimit
      self.multiple = multiple
    }
  }

  /// Builds the pool of a batch.
  ///
  /// - Parameters:
  ///   - configuration: the numbers of negatives.
  ///   - positives: `[B, L]`; all positives of the batch's documents.
  ///   - shortlist: `[B, L]`; candidates for hard negatives, hardest first. If a row is longer than
  ///     `hardNegatives`, that many are drawn from it. Nil for none.
  ///     than `hardNegatives`, that many are drawn from it. Nil for none.
  ///   - random: the source of draws; untouched if nothing is drawn.
  /// - Precondition: equal numbers of rows and columns, non-negative counts.
  /// - Complexity: O(L + entries) time and memory.
  public init(
    _ configuration: Configuration, positives: CSRMatrix, shortlist: CSRMatrix? = nil,
    using random: inout SplitMix64
  ) {
    let count = positives.columnCount
    precondition(
      shortlist.map { $0.rowCount == positives.rowCount && $0.columnCount == count } ?? true,
      "the shapes of shortlist and positives differ")
    precondition(
      configuration.hardNegatives >= 0 && configuration.uniformNegatives >= 0
        && configuration.positiveLimit ?? 0 >= 0, "a negative count")
    var isPositive = [Bool](repeating: false, count: count)
    for column in positives.columns { isPositive[Int(column)] = true }
    var isIn = isPositive
    if let limit = configuration.positiveLimit {
      isIn = [Bool](repeating: false, count: count)
      for row in 0..<positives.rowCount {
        for label in Self.draw(limit, of: positives.columns(ofRow: row), using: &random) {
          isIn[Int(label)] = true
        }
      }
    }
    if let shortlist {
      for row in 0..<shortlist.rowCount {
        let candidates = shortlist.columns(ofRow: row)
        for label in Self.draw(configuration.hardNegatives, of: candidates, using: &random) {
          isIn[Int(label)] = true
        }
      }
    }
    let hard = zip(isIn, isPositive).reduce(0) { $0 + ($1.0 && !$1.1 ? 1 : 0) }
    if count > 0 {
      for _ in 0..<configuration.uniformNegatives {
        isIn[Int.random(in: 0..<count, using: &random)] = true
      }
    }
    var size = isIn.count { $0 }
    let multiple = max(1, configuration.multiple)
    let wanted = min(count, (size + multiple - 1) / multiple * multiple)
    while size < wanted {
      let label = Int.random(in: 0..<count, using: &random)
      if !isIn[label] { size += 1 }
      isIn[label] = true
    }
    let labels = isIn.indices.filter { isIn[$0] }
    self.labels = labels
    hardCount = hard
    positiveCount = labels.reduce(0) { $0 + (isPositive[$1] ? 1 : 0) }
    self.positives = positives.keeping(columns: labels)
  }

  /// The pool's rows of a tensor with one row (or element) per label.
  ///
  /// - Parameter all: `[L, …]`.
  /// - Returns: `[labels.count, …]`; differentiable.
  public func rows(of all: Tensor) -> Tensor { rows(of: all, holding: nil) }

  /// The same of a tensor with the rows of some labels, nil for all.
  func rows(of part: Tensor, holding held: Range<Int>?) -> Tensor {
    part.gathered(rows: indices(in: held).moved(to: part.device))
  }

  /// The places of the pool's labels among those that are held.
  private func indices(in held: Range<Int>?) -> Tensor {
    guard let held else { return Tensor(labels) }
    return Tensor(labels.filter(held.contains).map { $0 - held.lowerBound })
  }

  /// The pool's rows of a table of vectors; the table's gradient then holds only these rows.
  ///
  /// `SparseAdam` updates a table by such a gradient without touching the other labels.
  ///
  /// - Parameter table: `[L, D]`.
  /// - Returns: `[labels.count, D]`; differentiable.
  public func sparseRows(of table: Tensor) -> Tensor { sparseRows(of: table, holding: nil) }

  /// The same of a table with the rows of some labels, nil for all.
  func sparseRows(of table: Tensor, holding held: Range<Int>?) -> Tensor {
    // No padding row, no division by counts, a sparse gradient.
    Self.embedding(
      .tensor(table), .tensor(indices(in: held).moved(to: table.device)), -1, false, true)
  }

  private static let embedding = Op("aten::embedding")

  /// `count` distinct entries; all of them, in order, if there are no more.
  private static func draw(
    _ count: Int, of entries: MappedArray<Int32>, using random: inout SplitMix64
  ) -> [Int32] {
    var entries = Array(entries)
    guard count < entries.count else { return entries }
    for place in 0..<count {
      entries.swapAt(place, Int.random(in: place..<entries.count, using: &random))
    }
    return Array(entries[..<count])
  }
}

extension CSRMatrix {
  /// The entries in `columns` (ascending), renumbered by index.
  func keeping(columns kept: [Int]) -> CSRMatrix {
    var number = [Int32](repeating: -1, count: columnCount)
    for (place, column) in kept.enumerated() { number[column] = Int32(place) }
    var offsets: [Int64] = [0]
    var newColumns: [Int32] = []
    var newValues: [Float] = []
    for row in 0..<rowCount {
      for entry in entries(ofRow: row) where number[Int(columns[entry])] >= 0 {
        newColumns.append(number[Int(columns[entry])])
        if let values { newValues.append(values[entry]) }
      }
      offsets.append(Int64(newColumns.count))
    }
    return CSRMatrix(
      rowOffsets: MappedArray(offsets), columns: MappedArray(newColumns),
      values: values == nil ? nil : MappedArray(newValues), columnCount: kept.count)
  }
}
