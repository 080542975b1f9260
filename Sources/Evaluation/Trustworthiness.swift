public import Torch

/// The degree to which neighbours on a map are true neighbours.
///
/// With N vectors, Uᵢ those among the k nearest of point i on the map that are not among the k
/// nearest of vector i, and r(i, j) the rank of vector j by distance to vector i:
///
///     T = 1 − 2 / (N k (2 N − 3 k − 1)) Σᵢ Σ_{j ∈ Uᵢ} (r(i, j) − k)
///
/// - Paper: Venna, Kaski. Neighborhood Preservation in Nonlinear Projection Methods: An
///   Experimental Study. ICANN 2001, section 2. <https://doi.org/10.1007/3-540-44668-0_68>
/// - Units: 0 to 1; 1 if there are no false neighbours, about ½ for random positions.
/// - Departures: equally near vectors are ordered by index; if k is not below N / 2, as the formula
///   requires, (N − 1) / 2 is used.
/// - Degenerate: with fewer than three points T is 1.
public struct Trustworthiness: Codable, Hashable, Sendable {
  /// The number k of neighbours to compare; 15 is our choice, the same as for `NeighbourLayout`.
  public var neighbours: Int

  /// Creates the measure.
  public init(neighbours: Int = 15) { self.neighbours = neighbours }

  /// Evaluates a map.
  ///
  /// - Parameters:
  ///   - points: `[N]`, the map.
  ///   - vectors: `[N, D]`, the original vectors.
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
