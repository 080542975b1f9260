public import Storage
public import Torch

/// Finds classes from unlabelled data of several domains whose class shares differ.
///
/// Discriminate, discretize, factorize, adjust: with p(d | x) a domain discriminator's output,
/// c the k-means cluster of p(d | x), and one class distribution for all domains,
///
///     p(c | d)   = Σ_y p(c | y) p(y | d)                (non-negative factors, m × k and k × D)
///     p(d | y)   = p(y | d) / Σ_d′ p(y | d′)
///     p(y | x)   = argmin_v ‖p(· | x) − p(d | y) v‖²    (least squares)
///     p_d(y | x) ∝ p(d | y) max(0, p(y | x))
///
/// Classes are found up to their order. Parts that shift together belong together: there must be at least
/// as many domains as classes, whose shares are linearly independent, and the more unlike the better.
///
/// - Paper: Roberts, Mani, Garg, Lipton. Unsupervised Learning under Latent Label Shift. NeurIPS 2022,
///   algorithm 1. <https://arxiv.org/abs/2207.13179>
/// - Gradient: none; the discriminator is trained before.
/// - Units: probabilities. The discriminator has to be trained on domains of equal size.
/// - Departures: from the authors' code, as its paper's text was not available: the factors are the
///   best of several starts, not of one; negative parts of p(y | x) count as 0, where the code
///   normalizes numbers of either sign; and if class shares are nearly dependent, least squares have
///   a penalty of 1e-10 in place of a pseudo-inverse.
public struct DDFA: Codable, Hashable, Sendable {
  /// The number of classes k.
  public var classes: Int
  /// The number of clusters m; default 30, the authors' for CIFAR-10.
  public var clusters: Int
  /// The number of starts of the clustering and of the factors.
  public var starts: Int
  /// The largest number of rounds for factors, and the share of the first round's gradient at which
  /// they stop; both scikit-learn's.
  public var rounds: Int
  /// See `rounds`.
  public var tolerance: Double

  /// Creates the method.
  public init(
    classes: Int, clusters: Int = 30, starts: Int = 5, rounds: Int = 200, tolerance: Double = 1e-4
  ) {
    self.classes = classes
    self.clusters = clusters
    self.starts = starts
    self.rounds = rounds
    self.tolerance = tolerance
  }

  /// Estimates the class shares of domains.
  ///
  /// - Parameters:
  ///   - discriminator: p(d | x), `[N, D]`.
  ///   - domains: the domain of each row, from 0 to D − 1.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: D ≥ 1, each domain has a row, and N ≥ m ≥ 1, k ≥ 1.
  /// - Complexity: O(N · m · D) time for each round of the clustering.
  public func callAsFunction(
    discriminator: Tensor, domains: [Int], using random: inout SplitMix64
  ) throws -> Estimate {
    precondition(classes > 0 && starts > 0, "\(classes) classes, \(starts) starts")
    precondition(
      discriminator.dimensionCount == 2 && discriminator.size(along: 0) == domains.count,
      "discriminator of shape \(discriminator.shape) for \(domains.count) rows")
    let found = try ClusterMeans(count: clusters, starts: starts)(discriminator, using: &random)
    let count = discriminator.size(along: 1)
    return factorize(
      Self.clusterShares(found.owners, domains: domains, clusters: clusters, domainCount: count),
      using: &random)
  }

  /// p(c | d), a row for each domain.
  static func clusterShares(
    _ owners: [Int], domains: [Int], clusters: Int, domainCount: Int
  ) -> [[Double]] {
    var counts = [[Double]](
      repeating: [Double](repeating: 0, count: clusters), count: domainCount)
    for (owner, domain) in zip(owners, domains) { counts[domain][owner] += 1 }
    return counts.enumerated().map { domain, row in
      let total = row.reduce(0, +)
      precondition(total > 0, "domain \(domain) has no row")
      return row.map { $0 / total }
    }
  }

  /// The best factors of several starts.
  private func factorize(_ matrix: [[Double]], using random: inout SplitMix64) -> Estimate {
    func fitted() -> (error: Double, factors: NonNegativeFactors) {
      var factors = NonNegativeFactors(of: matrix, count: classes, using: &random)
      factors.fit(matrix, rounds: rounds, tolerance: tolerance)
      return (factors.error(of: matrix), factors)
    }
    var best = fitted()
    for _ in 1..<starts {
      let next = fitted()
      if next.error < best.error { best = next }
    }
    return Estimate(best.factors)
  }
}
