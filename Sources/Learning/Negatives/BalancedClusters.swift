public import Torch

/// Splits points into equally large groups of similar direction, by halving over and over.
///
/// A group is split in two by spherical 2-means with a constraint: with unit vectors x and two
/// directions c₁, c₂, the half of the points with the larger x · (c₁ − c₂) goes to c₁, the rest to
/// c₂; each direction becomes that of the sum of its points, and again until nothing moves. All
/// leaves of two points or more lie at one depth, so that 2ʲ neighbours are again a group of the
/// tree.
///
/// - Paper: Prabhu, Kag, Harsola, Agrawal, Varma. Parabel: Partitioned Label Trees for Extreme
///   Classification with Application to Dynamic Search Advertising. WWW 2018, its balanced spherical 2-means.
///   <https://doi.org/10.1145/3178876.3185998>
/// - Gradient: none; nothing here is recorded.
/// - Units: points count by their direction only; 0 has none and goes anywhere.
/// - Departures: Parabel starts from two random points; here from the point least like the mean and
///   the point least like that one, so that nothing is left to chance.
/// - Degenerate: no points make one empty leaf; equal points are split in their order.
public struct BalancedClusters: Sendable, Equatable {
  /// The points, leaf after leaf.
  public let order: [Int]
  /// Leaf k owns the places `offsets[k] ..< offsets[k + 1]` of `order`; leaves differ by at most 1
  /// in size.
  public let offsets: [Int]

  /// Splits until no group is larger than `size`.
  ///
  /// - Parameters:
  ///   - points: `[N, D]`.
  ///   - size: the largest group, at least 1.
  ///   - iterations: rounds of a split, at most.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Complexity: O(N · D · rounds · log(N / size)) time, O(N · D) memory.
  public init(_ points: Tensor, size: Int, iterations: Int = 20) throws {
    precondition(size >= 1, "clusters of \(size)")
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
      // The order within a half does not matter to the split: compare the sets.
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
