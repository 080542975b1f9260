import Foundation
public import Storage

/// A multivariate normal distribution of a class's embeddings.
public struct ClassGaussian: Codable, Hashable, Sendable {
  /// The number of rows that the estimate is made of.
  public var count: Int
  /// The mean, D numbers.
  public var mean: [Double]
  /// The covariance, D × D.
  public var covariance: [[Double]]

  /// Creates a distribution.
  public init(count: Int, mean: [Double], covariance: [[Double]]) {
    self.count = count
    self.mean = mean
    self.covariance = covariance
  }

  /// The mean and covariance of rows; covariance 0 of a single row.
  ///
  /// - Precondition: there is a row.
  init(of rows: [[Double]]) {
    let count = Double(rows.count)
    let mean = rows[0].indices.map { column in rows.reduce(0) { $0 + $1[column] } / count }
    var covariance = mean.map { _ in [Double](repeating: 0, count: mean.count) }
    for row in rows {
      let centred = zip(row, mean).map(-)
      for i in centred.indices {
        for j in centred.indices { covariance[i][j] += centred[i] * centred[j] }
      }
    }
    self.init(
      count: rows.count, mean: mean,
      covariance: covariance.map { $0.map { $0 / max(1, count - 1) } })
  }

  /// Draws embeddings: the mean and L z, of the Cholesky factor L and normal z.
  ///
  /// - Complexity: O(D³ + count · D²).
  public func draws(_ count: Int, using random: inout SplitMix64) -> [[Double]] {
    let factor = cholesky()
    return (0..<count).map { _ in
      let noise = mean.map { _ in
        // Box and Muller.
        (-2 * log(1 - Double.random(in: 0..<1, using: &random))).squareRoot()
          * cos(2 * .pi * Double.random(in: 0..<1, using: &random))
      }
      return mean.indices.map { row in
        (0...row).reduce(mean[row]) { $0 + factor[row][$1] * noise[$1] }
      }
    }
  }

  /// The lower factor; directions without variance have a column of 0.
  private func cholesky() -> [[Double]] {
    var factor = covariance.map { $0.map { _ in 0.0 } }
    for i in mean.indices {
      for j in 0...i {
        let rest = (0..<j).reduce(covariance[i][j]) { $0 - factor[i][$1] * factor[j][$1] }
        if i == j {
          factor[i][i] = max(0, rest).squareRoot()
        } else {
          factor[i][j] = factor[j][j] > 0 ? rest / factor[j][j] : 0
        }
      }
    }
    return factor
  }
}
