package import Storage
package import Torch

/// k-means by cosine with clusters whose sizes differ by at most 1.
package struct BalancedSphericalMeans {
  /// The cluster of each point.
  package private(set) var assignment: [Int]

  /// Starts from centres chosen by k-means++.
  ///
  /// - Parameter points: `[n, D]`, unit vectors.
  package init(points: Tensor, count: Int, iterations: Int, using random: inout SplitMix64) {
    let starts = withoutGradients {
      Self.starts(points.matmul(points.transposed()).doubles(), count: count, using: &random)
    }
    self.init(points: points, starts: starts, iterations: iterations)
  }

  /// Starts with the points at these indices as centres.
  package init(points: Tensor, starts: [Int], iterations: Int) {
    assignment = []
    withoutGradients {
      var centres = points.gathered(rows: Tensor(starts).moved(to: points.device))
      for _ in 0..<max(1, iterations) {
        let similarities = centres.normalized().matmul(points.transposed()).doubles()
        let next = Self.assign(similarities, clusters: starts.count)
        if next == assignment { break }
        assignment = next
        let sums = Tensor.zeros(centres.shape, dtype: points.dtype, device: points.device)
        sums.addRowsInPlace(points, at: Tensor(next).moved(to: points.device))
        centres = sums
      }
    }
  }

  /// - Parameter similarities: of each cluster to each point, cluster by cluster.
  package static func assign(_ similarities: [Double], clusters: Int) -> [Int] {
    let count = similarities.count / clusters
    let size = count / clusters
    var assignment = [Int](repeating: -1, count: count)
    var sizes = [Int](repeating: 0, count: clusters)
    let order = similarities.indices.sorted { left, right in
      similarities[left] != similarities[right]
        ? similarities[left] > similarities[right] : left < right
    }
    for limit in [size, size + 1] {
      for place in order {
        let (cluster, point) = (place / count, place % count)
        if assignment[point] < 0 && sizes[cluster] < limit {
          assignment[point] = cluster
          sizes[cluster] += 1
        }
      }
    }
    return assignment
  }

  /// Draws each next centre in proportion to its squared distance to the nearest one.
  private static func starts(
    _ similarities: [Double], count: Int, using random: inout SplitMix64
  ) -> [Int] {
    let total = Int(Double(similarities.count).squareRoot().rounded())
    var chosen = [Int.random(in: 0..<total, using: &random)]
    var distances = [Double](repeating: .infinity, count: total)
    while chosen.count < count {
      let last = chosen[chosen.count - 1]
      for point in 0..<total {
        distances[point] = min(
          distances[point], max(0, 2 - 2 * similarities[last * total + point]))
      }
      for point in chosen { distances[point] = 0 }
      let sum = distances.reduce(0, +)
      var rest = Double.random(in: 0..<1, using: &random) * sum
      var next = distances.firstIndex { distance in
        rest -= distance
        return rest < 0
      }
      // Points that coincide with centres are drawn only if there are no others.
      if next == nil || sum == 0 { next = (0..<total).first { !chosen.contains($0) } }
      chosen.append(next ?? last)
    }
    return chosen
  }
}
