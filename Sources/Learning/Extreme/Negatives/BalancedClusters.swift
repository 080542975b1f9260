public import Storage
public import Torch

/// Splits points into equally large groups of similar direction, by recursive bisection.
///
/// A group is split by balanced spherical 2-means: with unit vectors x and two centres c₁, c₂, the
/// half of the points with the larger x · (c₁ − c₂) goes to c₁, the rest to c₂; each centre moves
/// to the direction of its points' sum, until nothing changes. All leaves of two or more points
/// have the same depth, so that 2ʲ consecutive leaves form a subtree again.
///
/// - Paper: Prabhu, Kag, Harsola, Agrawal, Varma. Parabel: Partitioned Label Trees for Extreme
///   Classification with Application to Dynamic Search Advertising. WWW 2018, its balanced spherical 2-means.
///   <https://doi.org/10.1145/3178876.3185998>
/// - Gradient: none; nothing here is recorded.
/// - Units: only the direction of a point counts; 0 has none and goes anywhere.
/// - Departures: Parabel starts from two random points; here from the point least similar to the
///   mean and the point least similar to that one, so that the result is deterministic.
/// - Degenerate: without points there is one empty leaf; equal points are split in order.
public struct BalancedClusters: Sendable, Equatable {
  /// The points, leaf by leaf.
  public let order: [Int]
  /// Leaf k holds the indices `offsets[k] ..< offsets[k + 1]` of `order`; leaf sizes differ by at
  /// most 1.
  public let offsets: [Int]

  /// Splits until no leaf is larger than `size`.
  ///
  /// - Parameters:
  ///   - points: `[N, D]`.
  ///   - size: the maximum leaf size, at least 1.
  ///   - iterations: the maximum number of rounds per split.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Complexity: O(N · D · rounds · log(N / size)) time, O(N · D) memory.
  public init(_ points: Tensor, size: Int, iterations: Int = 20) throws {
    precondition(size >= 1, "the cluster size \(size) is not positive")
    let count = points.size(along: 0)
    (order, offsets) = try checked {
      withoutGradients {
        let unit = points.detached().normalized()
        var groups = [Tensor.range(0..<count, device: points.device)]
        while groups.map(\.elementCount).max() ?? 0 > size {
          groups = groups.flatMap { Self.halves(of: $0, unit, iterations) }
        }
        let order = groups.flatMap { $0.array(of: Int64.self).map { Int($0) } }
        return (order, groups.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.elementCount) })
      }
    }
  }

  /// The number of leaves.
  public var count: Int { offsets.count - 1 }

  /// The points of leaf `index`.
  public func leaf(_ index: Int) -> ArraySlice<Int> { order[offsets[index]..<offsets[index + 1]] }

  /// `[leaves, N]`; the points of each leaf.
  public var matrix: CSRMatrix {
    CSRMatrix(rows: (0..<count).map { Array(leaf($0)) }, columnCount: order.count)
  }

  private static func halves(of group: Tensor, _ unit: Tensor, _ iterations: Int) -> [Tensor] {
    let count = group.elementCount
    guard count > 1 else { return [group] }
    let points = unit.gathered(rows: group)
    func alike(_ direction: Tensor) -> Tensor { points.matmul(direction) }
    let first = points[alike(points.sum(along: 0)).argmin(along: 0).integer]
    let second = points[alike(first).argmin(along: 0).integer]
    var axis = first - second
    var split: Tensor?
    for _ in 0..<max(1, iterations) {
      let order = alike(axis).sorted(along: 0, descending: true).indices
      // The order within a half does not affect the split, so compare sets.
      let left = order[0..<((count + 1) / 2)].sorted(along: 0).values
      let right = order[((count + 1) / 2)..<count].sorted(along: 0).values
      let next = Tensor.concatenated([left, right])
      if let split, split.isEqual(to: next).allTrue() { break }
      split = next
      axis =
        points.gathered(rows: left).sum(along: 0).normalized(along: 0)
        - points.gathered(rows: right).sum(along: 0).normalized(along: 0)
    }
    let moved = split.map { group.gathered(rows: $0) } ?? group
    return [moved[0..<((count + 1) / 2)], moved[((count + 1) / 2)..<count]]
  }
}
