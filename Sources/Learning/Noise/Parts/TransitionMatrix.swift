internal import Storage

/// The probabilities with which a class is given as another: T[i][j] = P(given j | true i).
public struct TransitionMatrix: Codable, Hashable, Sendable {
  /// The rows of T, one per true class.
  public let rows: [[Double]]

  /// Creates a matrix from its rows.
  ///
  /// - Throws: `ValueError` unless it is square, and each row consists of probabilities with sum 1
  ///   (within 10⁻⁶).
  public init(rows: [[Double]]) throws {
    for (index, row) in rows.enumerated() {
      guard row.count == rows.count else {
        throw ValueError(
          "transition matrix", reason: "row \(index) has \(row.count) columns",
          expected: "\(rows.count), as there are rows")
      }
      let sum = row.reduce(0, +)
      guard row.allSatisfy({ $0 >= 0 }), abs(sum - 1) <= 1e-6 else {
        throw ValueError(
          "transition matrix", reason: "row \(index) is \(row)",
          expected: "probabilities with sum 1")
      }
    }
    guard rows.count > 1 else {
      throw ValueError(
        "transition matrix", reason: "\(rows.count) classes", expected: "2 or more")
    }
    self.rows = rows
  }

  /// Decodes the rows and checks them.
  public init(from decoder: any Decoder) throws {
    try self.init(
      rows: decoder.container(keyedBy: CodingKeys.self).decode([[Double]].self, forKey: .rows))
  }

  /// Symmetric noise: a class is given wrongly with probability `rate`, as any other alike.
  ///
  /// - Precondition: two classes or more, 0 ≤ rate ≤ 1.
  public static func symmetric(classes count: Int, rate: Double) -> TransitionMatrix {
    make(count, rate) { $0 == $1 ? 1 - rate : rate / Double(count - 1) }
  }

  /// Pairwise noise: with probability `rate`, class c is given as c + 1, and the last as the first.
  ///
  /// - Precondition: two classes or more, 0 ≤ rate ≤ 1.
  public static func pairwise(classes count: Int, rate: Double) -> TransitionMatrix {
    make(count, rate) { $0 == $1 ? 1 - rate : $1 == ($0 + 1) % count ? rate : 0 }
  }

  /// The number of classes.
  public var count: Int { rows.count }

  /// T⁻¹, by Gaussian elimination with the largest pivot.
  ///
  /// - Throws: `ValueError` if T is singular: two classes cannot be told apart.
  /// - Complexity: O(C³) time.
  public func inverse() throws -> [[Double]] {
    var left = rows
    var right = rows.indices.map { row in rows.indices.map { $0 == row ? 1.0 : 0 } }
    for column in rows.indices {
      let pivot = (column..<count).max { abs(left[$0][column]) < abs(left[$1][column]) } ?? column
      guard abs(left[pivot][column]) > 1e-12 else {
        throw ValueError(
          "transition matrix", reason: "it is singular", expected: "an invertible matrix")
      }
      left.swapAt(column, pivot)
      right.swapAt(column, pivot)
      let scale = 1 / left[column][column]
      left[column] = left[column].map { $0 * scale }
      right[column] = right[column].map { $0 * scale }
      for row in rows.indices where row != column {
        let factor = left[row][column]
        for other in rows.indices {
          left[row][other] -= factor * left[column][other]
          right[row][other] -= factor * right[column][other]
        }
      }
    }
    return right
  }

  private init(unchecked rows: [[Double]]) { self.rows = rows }

  private static func make(
    _ count: Int, _ rate: Double, _ value: (_ row: Int, _ column: Int) -> Double
  ) -> TransitionMatrix {
    precondition(count > 1, "\(count) classes; expected 2 or more")
    precondition((0...1).contains(rate), "the rate \(rate) is outside 0 … 1")
    return TransitionMatrix(
      unchecked: (0..<count).map { row in (0..<count).map { value(row, $0) } })
  }
}
