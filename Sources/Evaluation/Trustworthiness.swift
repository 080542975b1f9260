public import Torch

/// How far neighbours on a map are neighbours in truth.
///
/// With N vectors, Uᵢ those among the k nearest of point i on the map that are not among the k
/// nearest of vector i, and r(i, j) the place of vector j in the order of nearness to vector i:
///
///     T = 1 − 2 / (N k (2 N − 3 k − 1)) Σᵢ Σ_{j ∈ Uᵢ} (r(i, j) − k)
///
/// - Paper: Venna, Kaski. Neighborhood Preservation in Nonlinear Projection Methods: An Experimental
///   Study. ICANN 2001, section 2. <https://doi.org/10.1007/3-540-44668-0_68>
/// - Units: 0 to 1; 1 where no stranger has come near, about ½ for places drawn at random.
/// - Departures: equally near ones stand in the order of their indices; where k is not below N / 2,
///   as the formula needs, it is (N − 1) / 2, and without three points T is 1.
public struct Trustworthiness: Codable, Hashable, Sendable {
  /// The number k of neighbours that are looked at; 15 is ours, that of `NeighbourLayout`.
  public var neighbours: Int

  /// Sets the number of neighbours.
  public init(neighbours: Int = 15) { self.neighbours = neighbours }

  /// Judges a map.
  ///
  /// - Parameters:
  ///   - points: `[N]`, the map.
  ///   - vectors: `[N, D]`, what was mapped.
  /// - Complexity: O(N² (D + log N)) time, O(N²) memory.
  public func callAsFunction(of points: [PlanePoint], vectors: Tensor) -> Double {
    let count = points.count
    let k = min(neighbours, (count - 1) / 2)
    guard k >= 1 else { return 1 }
    let places = Tensor(points.flatMap { [$0.x, $0.y] }, shape: [count, 2])
    let near = NearestNeighbours(of: places, count: k).indices
    let distances = NearestNeighbours.squaredDistances(of: vectors)
    var sum = 0
    for row in 0..<count {
      let order = NearestNeighbours.order(
        distances[(row * count)..<((row + 1) * count)], leavingOut: row)
      var rank = [Int](repeating: 0, count: count)
      for (place, index) in order.enumerated() { rank[index] = place + 1 }
      sum += near[row].reduce(0) { $0 + max(0, rank[$1] - k) }
    }
    return 1 - 2 * Double(sum) / Double(count * k * (2 * count - 3 * k - 1))
  }
}
