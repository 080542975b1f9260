import Foundation
import Storage

/// A matrix as a product of two non-negative ones, by coordinate descent on the squared error.
///
/// Cichocki, Phan. Fast Local Algorithms for Large Scale Nonnegative Matrix and Tensor
/// Factorizations. IEICE Transactions, 2009; the solver of scikit-learn.
struct NonNegativeFactors {
  /// `[n, k]`.
  var left: [[Double]]
  /// `[f, k]`.
  var right: [[Double]]

  /// Random factors of a matrix, of its scale.
  init(of matrix: [[Double]], count: Int, using random: inout SplitMix64) {
    let width = matrix.first?.count ?? 0
    let mean = matrix.joined().reduce(0, +) / Double(max(1, matrix.count * width))
    let scale = (mean / Double(count)).squareRoot()
    func draw(_ rows: Int) -> [[Double]] {
      (0..<rows).map { _ in
        (0..<count).map { _ in
          // Box and Muller, without the sign.
          let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &random))).squareRoot()
          return scale * abs(radius * cos(2 * .pi * Double.random(in: 0..<1, using: &random)))
        }
      }
    }
    right = draw(width)
    left = draw(matrix.count)
  }

  init(left: [[Double]], right: [[Double]]) { (self.left, self.right) = (left, right) }

  /// Improves both factors until a round moves them by less than `tolerance` of the first.
  mutating func fit(_ matrix: [[Double]], rounds: Int, tolerance: Double) {
    let transposed = Self.transposed(matrix)
    var first: Double?
    for _ in 0..<rounds {
      let moved = Self.descend(&left, matrix, right) + Self.descend(&right, transposed, left)
      let start = first ?? moved
      first = start
      if start == 0 || moved / start <= tolerance { break }
    }
  }

  /// The sum of squared differences.
  func error(of matrix: [[Double]]) -> Double {
    var total = 0.0
    for (row, numbers) in zip(left, matrix) {
      for (column, number) in zip(right, numbers) {
        let difference = zip(row, column).reduce(0) { $0 + $1.0 * $1.1 } - number
        total += difference * difference
      }
    }
    return total
  }

  /// One round over the rows of a factor; returns the size of the projected gradients.
  private static func descend(
    _ factor: inout [[Double]], _ matrix: [[Double]], _ other: [[Double]]
  ) -> Double {
    let count = other.first?.count ?? 0
    var squares = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    for row in other {
      for i in 0..<count { for j in 0..<count { squares[i][j] += row[i] * row[j] } }
    }
    var moved = 0.0
    for t in 0..<count {
      for i in factor.indices {
        var gradient = zip(squares[t], factor[i]).reduce(0) { $0 + $1.0 * $1.1 }
        for (row, number) in zip(other, matrix[i]) { gradient -= row[t] * number }
        moved += abs(factor[i][t] == 0 ? min(0, gradient) : gradient)
        if squares[t][t] != 0 { factor[i][t] = max(factor[i][t] - gradient / squares[t][t], 0) }
      }
    }
    return moved
  }

  private static func transposed(_ matrix: [[Double]]) -> [[Double]] {
    (matrix.first ?? []).indices.map { column in matrix.map { $0[column] } }
  }
}
