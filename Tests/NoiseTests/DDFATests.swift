import Storage
import TestSupport
import Testing
import Torch

@testable import Noise

@Suite struct DDFATests {
  private struct Case: Decodable {
    struct Options: Decodable {
      let classes: Int
      let clusters: Int
      let rounds: Int
      let tolerance: Double
    }
    let options: Options
    let owners: [Int]
    let domains: [Int]
    let left: [[Double]]
    let right: [[Double]]
    let shares: [[Double]]
    let kinds: [[Double]]
    let evidence: [[Double]]
    let asked: [Int]
    let isNegative: Bool
    let posteriors: [[Double]]
  }

  @Test func `agrees with the authors' code`() throws {
    let golden = try Golden<Case>("DDFA")
    #expect(golden.cases.count == 3 && golden.cases.contains { $0.isNegative })
    for (index, found) in golden.cases.enumerated() {
      let matrix = DDFA.clusterShares(
        found.owners, domains: found.domains, clusters: found.options.clusters,
        domainCount: found.left.count)
      var factors = NonNegativeFactors(left: found.left, right: found.right)
      factors.fit(matrix, rounds: found.options.rounds, tolerance: found.options.tolerance)
      let estimate = DDFA.Estimate(factors)
      expectClose(
        Array(estimate.shares.joined()), Array(found.shares.joined()), tolerance: 1e-9,
        "shares, case \(index)")
      expectClose(
        Array(estimate.clusters.joined()), Array(found.kinds.joined()), tolerance: 1e-9,
        "clusters, case \(index)")
      let exact = DDFA.Estimate(shares: found.shares, clusters: found.kinds)
      expectClose(
        try exact.posteriors(
          discriminator: Tensor(rows: found.evidence), domains: found.asked
        ).doubles(), Array(found.posteriors.joined()), tolerance: 1e-8, "posteriors, case \(index)")
    }
  }

  /// Each class has a separate region, where the discriminator is p(d | y), and is missing in some
  /// domains, without which the factors are not unique.
  @Test func `finds the shares of separable classes`() throws {
    let shares = [
      [0.8, 0.2, 0], [0.2, 0.8, 0], [0, 0.7, 0.3], [0, 0.3, 0.7], [0.4, 0, 0.6], [0.8, 0, 0.2],
    ]
    let totals = (0..<3).map { label in shares.reduce(0) { $0 + $1[label] } }
    var random = SplitMix64(3)
    var (rows, domains, labels): ([[Double]], [Int], [Int]) = ([], [], [])
    for (domain, row) in shares.enumerated() {
      for (label, share) in row.enumerated() {
        for _ in 0..<Int(share * 100 + 0.5) {
          rows.append(shares.map { $0[label] / totals[label] })
          domains.append(domain)
          labels.append(label)
        }
      }
    }
    let inputs = Tensor(rows: rows)
    let estimate = try DDFA(classes: 3, clusters: 3, rounds: 5000, tolerance: 1e-9)(
      discriminator: inputs, domains: domains, using: &random)
    let found = try estimate.posteriors(discriminator: inputs, domains: domains)
      .argmax(along: 1).array(of: Int64.self).map { Int($0) }
    // Classes come in any order; each is one class here.
    let names = (0..<3).map { label in labels.firstIndex(of: label).map { found[$0] } ?? 0 }
    #expect(Set(names).count == 3)
    for (row, label) in labels.enumerated() { #expect(found[row] == names[label]) }
    for (domain, row) in shares.enumerated() {
      expectClose(names.map { estimate.shares[domain][$0] }, row, tolerance: 0.01)
    }
  }

  @Test func `equal shares in all domains give finite posteriors`() throws {
    let estimate = DDFA.Estimate(
      shares: [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], clusters: [[1, 0], [0, 1]])
    let found = try estimate.posteriors(
      discriminator: Tensor(rows: [[0.2, 0.3, 0.5], [1, 0, 0]]), domains: [0, 2])
    expectClose(found.doubles(), [0.5, 0.5, 0.5, 0.5], tolerance: 1e-4)
  }

  @Test func `a class that no domain has gets no share`() throws {
    let estimate = DDFA.Estimate(
      shares: [[1, 0], [1, 0]], clusters: [[1, 0], [0, 0]])
    let found = try estimate.posteriors(
      discriminator: Tensor(rows: [[0.5, 0.5]]), domains: [1])
    expectClose(found.doubles(), [1, 0], tolerance: 1e-6)
  }

  @Test func `traps on a domain without rows`() async {
    await #expect(processExitsWith: .failure) {
      var random = SplitMix64(1)
      _ = try DDFA(classes: 1, clusters: 1)(
        discriminator: .ones([2, 3]), domains: [0, 2], using: &random)
    }
  }
}
