internal import Foundation
public import Torch

/// Cuts frequent classes into subclasses of the size of the rare ones, by balanced k-means.
///
/// A class of n examples has ⌊n / max(n_min, m)⌋ subclasses, at least one, where n_min is the size of
/// the smallest class. Within it, all pairs of an example and a centre are gone through by falling
/// cosine; an example joins the first centre that has fewer than ⌊n / k⌋, the n mod k left over join
/// the nearest with one more at most, and centres move to their means until nothing changes.
///
/// Each class has a temperature, higher where its embeddings are spread out:
///
///     φ(c) = mean ‖z − mean‖ / log(n + 10),        clipped to the quantiles 0.2 and 0.8
///     τ(c) = τ φ(c) / mean φ,                      τ where there is one subclass
///
/// - Paper: Hou, Zhang, Wang, Zhou. Subclass-balancing Contrastive Learning for Long-tailed
///   Recognition. ICCV 2023. <https://arxiv.org/abs/2306.15925>
/// - Gradient: none reaches the embeddings.
/// - Units: subclasses are numbered from 0 within each class; temperatures are those of cosines.
/// - Departures: τ(c) is the authors' code's; an exponential of the ratio stands there as a comment.
///   Their k-means++ divides by cosines; here the distance 2 − 2 cos is squared as usual. Their balanced
///   k-means divides the cosines of a centre by their sum over all points before it goes through the
///   pairs, which ranks centres against each other, and turns a centre's order round where the sum is
///   negative; here pairs are compared by their cosines. Their command runs plain k-means, of 35 moves
///   at most, unless it is told `--cluster_method`.
/// - Degenerate: where all φ are 0 every temperature is τ.
public struct SubclassClusters: Codable, Hashable, Sendable {
  /// The least number of examples a subclass is made for, m ≥ 1; 10, the default, is the authors'
  /// code's.
  public var smallest: Int
  /// How often centres move at most; 50, the default, is the authors' code's.
  public var iterations: Int

  /// Sets both.
  public init(smallest: Int = 10, iterations: Int = 50) {
    self.smallest = smallest
    self.iterations = iterations
  }

  /// The subclass of each example within its class.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - classes: the class of each, any number.
  ///   - random: chooses the first centres.
  /// - Returns: N numbers from 0.
  /// - Throws: `TorchError` when libtorch refuses.
  /// - Precondition: a class an example, m ≥ 1.
  /// - Complexity: O(n² / size) time and memory for a class of n.
  public func callAsFunction(
    embeddings: Tensor, classes: [Int], using random: inout SplitMix64
  ) throws -> [Int] {
    precondition(
      embeddings.dimensionCount == 2 && embeddings.size(along: 0) == classes.count
        && smallest >= 1, "embeddings of shape \(embeddings.shape), \(classes.count) classes")
    let members = Self.members(of: classes)
    let size = max(smallest, members.map(\.count).min() ?? 1)
    var result = [Int](repeating: 0, count: classes.count)
    for rows in members where rows.count / size > 1 {
      let points = try checked {
        withoutGradients {
          embeddings.gathered(rows: Tensor(rows).moved(to: embeddings.device)).normalized()
        }
      }
      let clusters = BalancedSphericalMeans(
        points: points, count: rows.count / size, iterations: iterations, using: &random)
      for (row, cluster) in zip(rows, clusters.assignment) { result[row] = cluster }
    }
    return result
  }

  /// The temperature τ(c) of each example's class.
  ///
  /// - Parameters:
  ///   - temperature: τ > 0.
  ///   - subclasses: what was found.
  public func temperatures(
    embeddings: Tensor, classes: [Int], subclasses: [Int], around temperature: Double
  ) throws -> [Double] {
    precondition(
      embeddings.size(along: 0) == classes.count && classes.count == subclasses.count,
      "embeddings of shape \(embeddings.shape), \(classes.count) classes")
    let members = Self.members(of: classes)
    let spreads = try checked {
      withoutGradients {
        let unit = embeddings.normalized()
        return members.map { rows in
          let points = unit.gathered(rows: Tensor(rows).moved(to: embeddings.device))
          let distances = (points - points.mean(along: 0, keepingDimensions: true)).norm(along: 1)
          return distances.mean().scalar / log(Double(rows.count) + 10)
        }
      }
    }
    let (low, high) = (Self.quantile(0.2, of: spreads), Self.quantile(0.8, of: spreads))
    let clipped = spreads.map { min(max($0, low), high) }
    let mean = clipped.reduce(0, +) / Double(max(1, clipped.count))
    var result = [Double](repeating: temperature, count: classes.count)
    for (rows, spread) in zip(members, clipped)
    where mean > 0 && spread > 0 && Set(rows.map { subclasses[$0] }).count > 1 {
      for row in rows { result[row] = temperature * spread / mean }
    }
    return result
  }

  /// The examples of each class, classes in the order in which they appear.
  private static func members(of classes: [Int]) -> [[Int]] {
    let groups = ClassGroups(classes, device: .cpu)
    var members = [[Int]](repeating: [], count: groups.counts.count)
    for (row, number) in groups.numbers.enumerated() { members[number].append(row) }
    return members
  }

  /// Between the two nearest in order, in proportion.
  private static func quantile(_ share: Double, of numbers: [Double]) -> Double {
    let sorted = numbers.sorted()
    guard let last = sorted.last else { return 0 }
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    guard below + 1 < sorted.count else { return last }
    return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
  }
}
