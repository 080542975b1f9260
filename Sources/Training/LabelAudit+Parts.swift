import Learning
import Torch

/// Keeps the most suspicious pairs; memory for twice as many as are wanted.
struct BestFindings {
  /// A pair.
  struct Pair {
    var isSure: Bool
    var suspicion: Double
    var entry: Int
    var row: Int
    var label: Int

    /// Sure ones first, the most suspicious first among them, then by row and label.
    static func isBefore(_ left: Pair, _ right: Pair) -> Bool {
      guard left.isSure == right.isSure else { return left.isSure }
      return (-left.suspicion, left.row, left.label) < (-right.suspicion, right.row, right.label)
    }
  }

  private let count: Int
  private var pairs: [Pair] = []
  /// The last of those that are kept; nothing behind it is taken in.
  private var bar: Pair?

  init(_ count: Int) { self.count = count }

  mutating func add(_ pair: Pair) {
    guard count > 0 else { return }
    if let bar, Pair.isBefore(bar, pair) { return }
    pairs.append(pair)
    // The floor keeps small counts from being sorted after every pair.
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

/// Looks up pairs of a row and a column that come row by row.
struct PairSet {
  private let matrix: CSRMatrix?

  init(_ matrix: CSRMatrix?) { self.matrix = matrix }

  func contains(_ row: Int, _ column: Int) -> Bool {
    matrix?.columns(ofRow: row).contains(Int32(column)) ?? false
  }
}

extension LabelAudit.Finding {
  /// Names the nearest documents that have the label, and those that lack it.
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
