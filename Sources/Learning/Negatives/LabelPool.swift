public import Torch

/// The labels that one step looks at: the batch's positives, its mined hard negatives and some
/// drawn evenly.
///
/// Every streamed loss runs on the pool as it does on all labels: it is given the pool's label
/// vectors and the positives under the pool's numbers. The whole rows of the positive matrix are
/// carried over, so that a label that is positive for a document never serves as its negative,
/// whichever document brought it in.
///
/// - Paper: Gupta, Khatri, Rawat, Bhojanapalli, Jain, Dhillon. Dual-Encoders for Extreme
///   Multi-label Classification. ICLR 2024, its variant with mined hard negatives.
///   <https://arxiv.org/abs/2310.10636>
/// - Gradient: none of its own; what a loss over the pool gives to the pool's vectors.
/// - Units: labels. A batch of B documents with p positives and m hard negatives each has at most
///   B (p + m) + u of them.
/// - Departures: the authors draw the hard negatives of a step from a shortlist of 100 and one
///   positive a document; here a step takes the shortlist's first m, or m drawn from it, and all
///   positives unless `positiveLimit` says otherwise.
/// - Degenerate: a batch without positives, negatives and draws has an empty pool.
public struct LabelPool: Sendable, Equatable {
  /// The labels, rising; the pool's number of a label is its place here.
  public let labels: [Int]
  /// `[B, labels.count]`; the positives under the pool's numbers, with their values.
  public let positives: CSRMatrix
  /// How many of the labels are a positive of some document of the batch.
  public let positiveCount: Int
  /// How many came in as hard negatives and are nobody's positive here.
  public let hardCount: Int

  /// Where a step's negatives come from.
  public struct Configuration: Codable, Hashable, Sendable {
    /// Hard negatives a document, m.
    public var hardNegatives: Int
    /// Labels drawn evenly from all, once a batch.
    public var uniformNegatives: Int
    /// How many of a document's positives bring themselves in; nil is all of them.
    ///
    /// The others are still known as positives where they are in the pool for another reason.
    public var positiveLimit: Int?
    /// The pool is filled up with labels drawn evenly until its size is a multiple of this.
    ///
    /// Matrix libraries keep code for each shape that they have seen.
    public var multiple: Int

    /// Describes a pool; a pool of positives only, unless told otherwise.
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

  /// Gathers the pool of a batch.
  ///
  /// - Parameters:
  ///   - configuration: how many of each.
  ///   - positives: `[B, L]`; all positives of the batch's documents.
  ///   - shortlist: `[B, L]`; candidates for hard negatives, hardest first. Where a row is longer
  ///     than `hardNegatives`, that many are drawn from it. Nil for none.
  ///   - random: decides the draws; not touched where nothing is drawn.
  /// - Precondition: equal numbers of rows and columns, counts of at least 0.
  /// - Complexity: O(L + entries) time and memory.
  public init(
    _ configuration: Configuration, positives: CSRMatrix, shortlist: CSRMatrix? = nil,
    using random: inout SplitMix64
  ) {
    let count = positives.columnCount
    precondition(
      shortlist.map { $0.rowCount == positives.rowCount && $0.columnCount == count } ?? true,
      "a shortlist of another shape than the positives")
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

  /// The pool's rows of a tensor with a row (or element) a label.
  ///
  /// - Parameter all: `[L, …]`.
  /// - Returns: `[labels.count, …]`; differentiable.
  public func rows(of all: Tensor) -> Tensor {
    all.gathered(rows: Tensor(labels).moved(to: all.device))
  }

  /// The pool's rows of a table of vectors; the table's gradient then holds these rows only.
  ///
  /// `SparseAdam` moves a table by such a gradient without touching the other labels.
  ///
  /// - Parameter table: `[L, D]`.
  /// - Returns: `[labels.count, D]`; differentiable.
  public func sparseRows(of table: Tensor) -> Tensor {
    // No row stands for padding, no division by counts, a sparse gradient.
    Self.embedding(
      .tensor(table), .tensor(Tensor(labels).moved(to: table.device)), -1, false, true)
  }

  private static let embedding = Op("aten::embedding")

  /// `count` different entries; all of them, in their order, where there are no more.
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
  /// The entries in `columns` (rising) under the numbers of their places there.
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
