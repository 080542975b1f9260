internal import Foundation
import Kernels
public import Storage
public import Torch

/// Splits frequent classes into subclasses of the size of the rare ones, by balanced k-means.
///
/// A class of n examples has ⌊n / max(n_min, m)⌋ subclasses, at least one, where n_min is the size
/// of the smallest class. Within a class, all (example, centre) pairs are visited by descending
/// cosine: an example joins the first centre that has fewer than ⌊n / k⌋ members; the remaining n
/// mod k join the nearest centre, at most one each. Centres move to their means until nothing
/// changes.
///
/// Each class has a temperature, higher if its embeddings are spread out:
///
///     φ(c) = mean ‖z − mean‖ / log(n + 10),        clipped to the quantiles 0.2 and 0.8
///     τ(c) = τ φ(c) / mean φ,                      τ if there is one subclass
///
/// - Paper: Hou, Zhang, Wang, Zhou. Subclass-balancing Contrastive Learning for Long-tailed
///   Recognition. ICCV 2023. <https://arxiv.org/abs/2306.15925>
/// - Gradient: none reaches the embeddings.
/// - Units: subclasses are numbered from 0 within each class; temperatures are those of cosines.
/// - Departures: τ(c) follows the authors' code, where an exponential of the ratio is commented
///   out. Their k-means++ divides by cosines; here the distance 2 − 2 cos is squared as usual.
///   Their balanced k-means divides a centre's cosines by their sum over all points before visiting
///   the pairs, which distorts the comparison of centres and reverses a centre's order if the sum
///   is negative; here pairs are compared by cosine. Their command runs plain k-means of at most 35
///   iterations unless given `--cluster_method`.
/// - Degenerate: if all φ are 0, every temperature is τ.
public struct SubclassClusters: Codable, Hashable, Sendable {
  /// The minimum subclass size m ≥ 1; default 10, from the authors' code.
  public var smallest: Int
  /// The maximum number of iterations; default 50, from the authors' code.
  public var iterations: Int

  /// Creates a clustering.
  public init(smallest: Int = 10, iterations: Int = 50) {
    self.smallest = smallest
    self.iterations = iterations
  }

  /// The subclass of each example within its class.
  ///
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - classes: the class of each example, any integers.
  ///   - random: the source of initial centres.
  /// - Returns: N indices from 0.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: one class per example, m ≥ 1.
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
  ///   - subclasses: the result of clustering.
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

  /// The examples of each class, in order of first appearance.
  private static func members(of classes: [Int]) -> [[Int]] {
    let groups = ClassGroups(classes, device: .cpu)
    var members = [[Int]](repeating: [], count: groups.counts.count)
    for (row, number) in groups.numbers.enumerated() { members[number].append(row) }
    return members
  }

  /// The quantile by linear interpolation between order statistics.
  private static func quantile(_ share: Double, of numbers: [Double]) -> Double {
    let sorted = numbers.sorted()
    guard let last = sorted.last else { return 0 }
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    guard below + 1 < sorted.count else { return last }
    return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
  }
}
