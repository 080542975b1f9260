import Foundation
import Storage
public import Torch

/// A division of nodes into clusters by the direction of their embeddings.
public struct NodeClusters: Sendable {
  /// The cluster of each node.
  public let assignments: [Int]
  /// The mean direction of each cluster, `[K, D]` of length 1.
  public let prototypes: Tensor
  /// φ, the spread of each cluster, `[K]`: small for a dense one.
  public let concentrations: Tensor

  /// Creates a division from its parts.
  ///
  /// - Precondition: as many spreads as prototypes; each node has one of them.
  public init(assignments: [Int], prototypes: Tensor, concentrations: Tensor) {
    let count = prototypes.size(along: 0)
    precondition(
      concentrations.shape == [count] && assignments.allSatisfy { (0..<count).contains($0) },
      "\(count) prototypes with \(concentrations.shape) spreads")
    self.assignments = assignments
    self.prototypes = prototypes
    self.concentrations = concentrations
  }

  /// Divides nodes by spherical k-means, from nodes drawn at random.
  ///
  /// A cluster of n nodes at distances d from its prototype has φ = mean d / log(n + 5), within the 10th
  /// and the 90th percentile and then scaled to a mean of `temperature`; a cluster of one node has the
  /// largest.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]` of length 1.
  ///   - rounds: the number of rounds; 20 in MEOW's code.
  /// - Precondition: `count` lies in 1 … N.
  /// - Complexity: O(rounds · N · K · D) time.
  public init(
    of embeddings: Tensor, count: Int, temperature: Double, rounds: Int = 20, seed: UInt64
  ) {
    let nodes = embeddings.size(along: 0)
    precondition((1...max(nodes, 1)).contains(count), "\(count) clusters of \(nodes) nodes")
    let points = embeddings.detached()
    var random = SplitMix64(seed)
    let first = (0..<nodes).shuffled(using: &random).prefix(count)
    var centres = points.gathered(rows: Tensor(first.map(Int64.init)))
    var nearest = points.productWithTransposed(centres).argmax(along: 1)
    for _ in 0..<rounds {
      let sums = Tensor.zeros([count, points.size(along: 1)], dtype: points.dtype)
      sums.addRowsInPlace(points, at: nearest)
      // A cluster that lost its nodes keeps its place.
      let isEmpty = sums.norm(along: 1, keepingDimensions: true).isLess(than: 1e-12)
      centres = sums.replacing(where: isEmpty, with: centres).normalized(along: 1)
      nearest = points.productWithTransposed(centres).argmax(along: 1)
    }
    let clusters = nearest.array(of: Int64.self).map(Int.init)
    let distances = (points - centres.gathered(rows: nearest)).norm(along: 1).doubles()
    var (sums, sizes) = ([Double](repeating: 0, count: count), [Int](repeating: 0, count: count))
    for (cluster, distance) in zip(clusters, distances) {
      sums[cluster] += distance
      sizes[cluster] += 1
    }
    self.init(
      assignments: clusters, prototypes: centres,
      concentrations: Tensor(Self.spreads(sums, sizes, temperature)).converted(to: points.dtype))
  }

  private static func spreads(_ sums: [Double], _ sizes: [Int], _ temperature: Double)
    -> [Double]
  {
    var spreads = zip(sums, sizes).map { sum, size in
      size > 1 ? sum / Double(size) / log(Double(size + 5)) : 0
    }
    let largest = spreads.max() ?? 0
    for (index, size) in sizes.enumerated() where size <= 1 { spreads[index] = largest }
    let sorted = spreads.sorted()
    let last = Double(sorted.count - 1)
    let (low, high) = (sorted[Int(last * 0.1)], sorted[Int((last * 0.9).rounded(.up))])
    spreads = spreads.map { min(max($0, low), high) }
    let mean = spreads.reduce(0, +) / Double(spreads.count)
    return spreads.map { mean > 0 ? temperature * max($0, mean * 1e-3) / mean : temperature }
  }
}
