import Torch

/// How much sparser the neighbourhood of a row is than those of its neighbours.
///
/// Breunig, Kriegel, Ng, Sander. LOF: Identifying Density-Based Local Outliers. SIGMOD 2000. With N(i)
/// the k nearest other rows of i and d_k(i) the distance to the farthest of them:
///
///     reach(i, j) = max(d_k(j), ‖xᵢ − xⱼ‖)
///     density(i)  = 1 / (mean over N(i) of reach(i, j) + 1e-10)
///     LOF(i)      = mean over N(i) of density(j) / density(i)
///
/// About 1 inside of a cluster, above it for outliers. With at most k other rows all are neighbours.
struct LocalOutlierFactor {
  /// k > 0.
  let neighbours: Int

  /// The factor of each row of `[N, D]`; 1 for a row alone.
  ///
  /// - Complexity: O(N² · D) time, O(N²) memory.
  func callAsFunction(_ rows: Tensor) throws -> [Double] {
    let count = rows.size(along: 0)
    guard count > 1 else { return [Double](repeating: 1, count: count) }
    let width = min(neighbours, count - 1)
    let (distances, indices) = try withoutGradients {
      try checked {
        let all = rows.converted(to: .float64).distances(to: rows.converted(to: .float64))
        let itself = Tensor.identity(count, dtype: .float64).isGreater(than: 0)
        let near = (-all).replacing(where: itself, with: -.infinity).largest(width, along: 1)
        return ((-near.values).doubles(), near.indices.array(of: Int64.self).map { Int($0) })
      }
    }
    let farthest = (0..<count).map { distances[$0 * width + width - 1] }
    func mean(_ row: Int, _ value: (Int) -> Double) -> Double {
      (row * width..<(row + 1) * width).reduce(0) { $0 + value($1) } / Double(width)
    }
    let density = (0..<count).map { row in
      1 / (mean(row) { max(farthest[indices[$0]], distances[$0]) } + 1e-10)
    }
    return (0..<count).map { row in mean(row) { density[indices[$0]] } / density[row] }
  }
}
