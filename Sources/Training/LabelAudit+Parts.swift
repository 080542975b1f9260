import Storage

/// Keeps the most suspicious pairs, in memory for twice as many as requested.
struct BestFindings {
  /// A pair.
  struct Pair {
    var isSure: Bool
    var suspicion: Double
    var entry: Int
    var row: Int
    var label: Int

    /// By falling suspicion, then by row and label.
    static func isBefore(_ left: Pair, _ right: Pair) -> Bool {
      (-left.suspicion, left.row, left.label) < (-right.suspicion, right.row, right.label)
    }
  }

  private let count: Int
  private var pairs: [Pair] = []
  /// The last of the kept pairs; anything that sorts after it is ignored.
  private var bar: Pair?

  init(_ count: Int) { self.count = count }

  mutating func add(_ pair: Pair) {
    guard count > 0 else { return }
    if let bar, Pair.isBefore(bar, pair) { return }
    pairs.append(pair)
    // The minimum keeps small counts from sorting after every pair.
    if pairs.count / 2 >= max(count, 512) { cut() }
  }

  private mutating func cut() {
    pairs.sort(by: Pair.isBefore)
    pairs.removeLast(max(0, pairs.count - count))
    if pairs.count == count { bar = pairs.last }
  }

  func sorted() -> [Pair] {
    var copy = self
    copy.cut()
    return copy.pairs
  }
}

/// Looks up (row, column) pairs that arrive row by row.
struct PairSet {
  private let matrix: CSRMatrix?

  init(_ matrix: CSRMatrix?) { self.matrix = matrix }

  func contains(_ row: Int, _ column: Int) -> Bool {
    matrix?.columns(ofRow: row).contains(Int32(column)) ?? false
  }
}

extension LabelAudit.Finding {
  /// Adds the nearest documents with the label, and those without it.
  mutating func addNeighbours(_ near: CSRMatrix?, given: CSRMatrix, asked: Int) {
    guard let near else { return }
    for document in near.columns(ofRow: row).prefix(asked) {
      if given.columns(ofRow: Int(document)).contains(Int32(label)) {
        if neighboursWith.count < 3 { neighboursWith.append(Int(document)) }
      } else if neighboursWithout.count < 3 {
        neighboursWithout.append(Int(document))
      }
    }
  }
}
