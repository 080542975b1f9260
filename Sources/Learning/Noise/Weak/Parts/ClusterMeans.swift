public import Storage
public import Torch

/// Lloyd's k-means with k-means++ starts, the best of several.
public struct ClusterMeans: Codable, Hashable, Sendable {
  /// The number of clusters k.
  public var count: Int
  /// The number of starts, of which the one with the smallest error is kept.
  public var starts: Int
  /// The largest number of rounds per start.
  public var rounds: Int

  /// Creates a clustering.
  public init(count: Int, starts: Int = 5, rounds: Int = 100) {
    self.count = count
    self.starts = starts
    self.rounds = rounds
  }

  /// The cluster of each row, and the centres.
  public struct Result: Sendable {
    /// The cluster of each row.
    public var owners: [Int]
    /// The mean of each cluster `[k, D]`.
    public var centres: Tensor
    /// The sum of squared distances to the centres.
    public var error: Double
  }

  /// Clusters rows `[N, D]`.
  ///
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: 1 ≤ k ≤ N, at least one start.
  /// - Complexity: O(starts · rounds · N · k · D) time, O(N · k) memory.
  public func callAsFunction(_ rows: Tensor, using random: inout SplitMix64) throws -> Result {
    let total = rows.size(along: 0)
    precondition((1...max(1, total)).contains(count), "\(count) clusters of \(total) rows")
    precondition(starts > 0, "\(starts) starts")
    return try withoutGradients {
      var best: Result?
      for _ in 0..<starts {
        let result = try checked { once(rows, using: &random) }
        if result.error < best?.error ?? .infinity { best = result }
      }
      guard let best else { throw ValueError("rows", reason: "not finite", expected: "numbers") }
      return best
    }
  }

  private func once(_ rows: Tensor, using random: inout SplitMix64) -> Result {
    var centres = start(rows, using: &random)
    var owners: [Int] = []
    var error = Double.infinity
    for _ in 0..<max(1, rounds) {
      let distances = squaredDistances(rows, centres)
      let next = distances.argmin(along: 1).array(of: Int64.self).map { Int($0) }
      error = distances.minimum(along: 1).sum().scalar
      if next == owners { break }
      owners = next
      let index = Tensor(owners).moved(to: rows.device)
      let sums = Tensor.zeros(like: centres).addingRows(rows, at: index)
      var counts = [Double](repeating: 0, count: count)
      for owner in owners { counts[owner] += 1 }
      let sizes = Tensor(counts, shape: [count, 1]).converted(to: rows.dtype)
        .moved(to: rows.device)
      // A cluster without rows keeps its centre.
      centres = (sums / sizes.clamped(from: 1)).replacing(
        where: sizes.isEqual(to: 0), with: centres)
    }
    return Result(owners: owners, centres: centres, error: error)
  }

  private func start(_ rows: Tensor, using random: inout SplitMix64) -> Tensor {
    let total = rows.size(along: 0)
    var chosen = [Int.random(in: 0..<total, using: &random)]
    var nearest = squaredDistances(rows, rows[chosen[0]..<chosen[0] + 1]).squeezed(along: 1)
    while chosen.count < count {
      let weights = nearest.doubles()
      let sum = weights.reduce(0, +)
      var left = Double.random(in: 0..<1, using: &random) * sum
      var next = sum > 0 ? total - 1 : Int.random(in: 0..<total, using: &random)
      if sum > 0 {
        for (row, weight) in weights.enumerated() {
          left -= weight
          if left < 0 {
            next = row
            break
          }
        }
      }
      chosen.append(next)
      nearest = nearest.minimum(
        squaredDistances(rows, rows[next..<next + 1]).squeezed(along: 1))
    }
    return rows.gathered(rows: Tensor(chosen).moved(to: rows.device))
  }

  private func squaredDistances(_ rows: Tensor, _ centres: Tensor) -> Tensor {
    (rows.squared().sum(along: 1, keepingDimensions: true) + centres.squared().sum(along: 1)
      - 2 * rows.matmul(centres.transposed())).clamped(from: 0)
  }
}
