public import Torch

extension DDFA {
  /// The class shares found.
  public struct Estimate: Codable, Hashable, Sendable {
    /// p(y | d): a row for each domain, k numbers that sum to 1.
    public var shares: [[Double]]
    /// p(c | y): a row for each cluster.
    public var clusters: [[Double]]

    /// Creates an estimate from known shares.
    public init(shares: [[Double]], clusters: [[Double]]) {
      self.shares = shares
      self.clusters = clusters
    }

    /// p_d(y | x), `[N, k]` float64, and 1 / k where all evidence is negative.
    ///
    /// - Parameters:
    ///   - discriminator: p(d | x), `[N, D]`.
    ///   - domains: the domain of each row.
    /// - Throws: `TorchError` if libtorch fails.
    /// - Precondition: the shapes match.
    public func posteriors(discriminator: Tensor, domains: [Int]) throws -> Tensor {
      precondition(
        discriminator.shape == [domains.count, shares.count]
          && domains.allSatisfy(shares.indices.contains),
        "discriminator of shape \(discriminator.shape) for \(domains.count) rows of"
          + " \(shares.count) domains")
      return try withoutGradients {
        try checked {
          let given = likelihoods
          let solver = Tensor(rows: pseudoInverse(given))  // [k, D]
          let evidence = discriminator.converted(to: .float64).moved(to: .cpu)
            .matmul(solver.transposed()).clamped(from: 0)
          let joint = evidence * Tensor(rows: domains.map { given[$0] })
          let sums = joint.sum(along: 1, keepingDimensions: true)
          return (joint / sums).replacing(
            where: sums.isEqual(to: 0), with: 1 / Double(given[0].count))
        }
      }
    }

    /// p(d | y), a row for each domain.
    private var likelihoods: [[Double]] {
      let totals = shares.reduce([Double](repeating: 0, count: shares[0].count)) { sums, row in
        zip(sums, row).map(+)
      }
      return shares.map { row in zip(row, totals).map { $0 / ($1 == 0 ? 1e-8 : $1) } }
    }
  }
}

extension DDFA.Estimate {
  /// Factors as distributions: clusters of a class, and classes of a domain, sum to 1.
  init(_ factors: NonNegativeFactors) {
    let sums = factors.right.reduce([Double](repeating: 0, count: factors.right[0].count)) {
      zip($0, $1).map(+)
    }
    clusters = factors.right.map { row in zip(row, sums).map { $1 > 0 ? $0 / $1 : 0 } }
    shares = factors.left.map { row in
      let masses = zip(row, sums).map(*)
      let total = masses.reduce(0, +)
      return masses.map { total > 0 ? $0 / total : 1 / Double(masses.count) }
    }
  }
}
