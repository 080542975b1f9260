import Foundation
import Storage
public import Torch

/// A map of vectors that preserves neighbourhoods, in the manner of UMAP.
///
/// With d the distance of vector i to each of its k nearest (itself included), ρᵢ the smallest that
/// is above 0 and σᵢ such that the weights of a vector sum to log₂ k:
///
///     v(j | i) = exp(−max(0, d(i, j) − ρᵢ) / σᵢ)
///     w(i, j)  = v(j | i) + v(i | j) − v(j | i) v(i | j)
///
/// Points yᵢ start at the vectors' principal components and are moved so that 1 / (1 + a |yᵢ −
/// yⱼ|^{2b}) is close to w: an edge attracts its two ends as often as its weight says, and repels
/// one of them from random points.
///
/// - Paper: McInnes, Healy, Melville. UMAP: Uniform Manifold Approximation and Projection for
///   Dimension Reduction. 2018, section 4, algorithms 2 to 5. <https://arxiv.org/abs/1802.03426>
/// - Units: arbitrary; points of one neighbourhood are about 0.1 to 1 apart.
/// - Departures: neighbours are exact, the start is the principal components instead of the
///   spectral layout, distances are Euclidean, a and b are the authors' for a minimum distance of
///   0.1 instead of being fitted. An edge of the largest weight is used in every epoch, each time
///   with `negatives` random points, as in the paper; the authors' code spreads these over the
///   epochs.
/// - Degenerate: a single point is at the origin; equal vectors start slightly apart.
public struct NeighbourLayout: Codable, Hashable, Sendable {
  /// The number k of neighbours, including the vector itself; 15 in the authors' code.
  public var neighbours: Int
  /// The number of passes over all edges; 500 in the authors' code for few points.
  public var epochs: Int
  /// The number of random points that an edge repels; 5 in the authors' code.
  public var negatives: Int

  /// Creates a layout; the defaults are the authors'.
  public init(neighbours: Int = 15, epochs: Int = 500, negatives: Int = 5) {
    self.neighbours = neighbours
    self.epochs = epochs
    self.negatives = negatives
  }

  /// The authors' fit for a minimum distance of 0.1 and a spread of 1.
  static let curve = (a: 1.5769434603113077, b: 0.8950608779109733)

  /// An edge of the graph.
  struct Edge: Hashable {
    var from: Int
    var to: Int
    var weight: Double
  }

  /// The position of each of `vectors`, `[N, D]`, on the map.
  ///
  /// - Parameter seed: the random seed; the same vectors and seed give the same map.
  /// - Throws: `TorchError` for vectors with NaN.
  /// - Complexity: O(N² (D + log N) + N k `epochs` `negatives`) time, O(N²) memory.
  public func callAsFunction(_ vectors: Tensor, seed: UInt64 = 0) throws -> [PlanePoint] {
    let count = vectors.size(along: 0)
    var random = SplitMix64(seed)
    var points = try PrincipalAxes(of: vectors)(vectors)
    let extent = points.reduce(0) { max($0, abs($1.x), abs($1.y)) }
    for index in points.indices {
      // The same extent as the authors' start, and no two points at the same position.
      let scale = extent > 0 ? 10 / extent : 0
      points[index].x = points[index].x * scale + Double.random(in: -1e-3...1e-3, using: &random)
      points[index].y = points[index].y * scale + Double.random(in: -1e-3...1e-3, using: &random)
    }
    guard count > 1 else { return points.map { _ in PlanePoint(x: 0, y: 0) } }
    move(&points, along: edges(of: vectors), using: &random)
    return points
  }

  /// The weighted neighbourhoods, each edge in both directions, ordered by its ends.
  func edges(of vectors: Tensor) -> [Edge] {
    let near = NearestNeighbours(of: vectors, count: max(1, neighbours - 1))
    let count = near.indices.count
    var directed: [Int: Double] = [:]
    for (row, (indices, distances)) in zip(near.indices, near.distances).enumerated() {
      for (index, weight) in zip(indices, Self.weights(of: distances, all: near.distances)) {
        directed[row * count + index] = weight
      }
    }
    var edges: [Edge] = []
    for (key, own) in directed {
      let (from, to) = (key / count, key % count)
      let back = directed[to * count + from]
      let weight = own + (back ?? 0) - own * (back ?? 0)
      edges.append(Edge(from: from, to: to, weight: weight))
      if back == nil { edges.append(Edge(from: to, to: from, weight: weight)) }
    }
    return edges.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
  }

  /// v(j | i) for ascending distances.
  static func weights(of distances: [Double], all: [[Double]]) -> [Double] {
    guard let nearest = distances.first(where: { $0 > 0 }) else {
      return distances.map { _ in 1 }
    }
    let target = log2(Double(distances.count + 1))
    func sum(_ sigma: Double) -> Double {
      distances.reduce(0) { $0 + exp(-max(0, $1 - nearest) / sigma) }
    }
    var (low, high) = (0.0, 1.0)
    // The sum grows with σ, up to the number of neighbours, which is at least the target.
    while sum(high) < target, high < 1e12 { high *= 2 }
    for _ in 0..<64 {
      let middle = (low + high) / 2
      if sum(middle) < target { low = middle } else { high = middle }
    }
    // The authors' floor, without which σ is 0 if several are equally near: the mean is over all k,
    // including the vector's distance 0 to itself.
    let mean = distances.reduce(0, +) / Double(distances.count + 1)
    let sigma = max(high, 1e-3 * mean)
    return distances.map { exp(-max(0, $0 - nearest) / sigma) }
  }

  /// Moves the points of a map along the edges of its graph.
  func move(
    _ points: inout [PlanePoint], along edges: [Edge], using random: inout SplitMix64
  ) {
    let (a, b) = Self.curve
    let largest = edges.reduce(0) { max($0, $1.weight) }
    var due = edges.map { largest / $0.weight }
    let count = UInt64(points.count)
    func held(_ value: Double) -> Double { min(4, max(-4, value)) }
    points.withUnsafeMutableBufferPointer { points in
      for epoch in 0..<epochs {
        let rate = 1 - Double(epoch) / Double(epochs)
        for (index, edge) in edges.enumerated() where due[index] <= Double(epoch + 1) {
          due[index] += largest / edge.weight
          let (i, j) = (edge.from, edge.to)
          let (dx, dy) = (points[i].x - points[j].x, points[i].y - points[j].y)
          let square = dx * dx + dy * dy
          if square > 0 {
            let power = pow(square, b)
            let pull = -2 * a * b * power / square / (1 + a * power)
            points[i].x += rate * held(pull * dx)
            points[i].y += rate * held(pull * dy)
            points[j].x -= rate * held(pull * dx)
            points[j].y -= rate * held(pull * dy)
          }
          for _ in 0..<negatives {
            let other = Int(random.next(upperBound: count))
            if other == i { continue }
            let (dx, dy) = (points[i].x - points[other].x, points[i].y - points[other].y)
            let square = dx * dx + dy * dy
            // The authors' floor of the squared distance.
            let push = 2 * b / ((1e-3 + square) * (1 + a * pow(square, b)))
            points[i].x += rate * held(push * dx)
            points[i].y += rate * held(push * dy)
          }
        }
      }
    }
  }
}
