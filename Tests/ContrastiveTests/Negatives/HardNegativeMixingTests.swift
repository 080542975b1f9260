import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct HardNegativeMixingTests {
  private struct Case: Decodable {
    let hardest: Int
    let mixtures: Int
    let queryMixtures: Int
    let queries: [[Double]]
    let negatives: [[Double]]
    let positives: [[Int]]
    let pairs: [[[Int]]]
    let pairShares: [[Double]]
    let partners: [[Int]]
    let queryShares: [[Double]]
    let made: [[[Double]]]
    let temperature: Double
    let loss: Double
    let ofQueries: [[Double]]
    let ofNegatives: [[Double]]
  }

  @Test func `value and gradient match the equations`() throws {
    let golden = try Golden<Case>("HardNegativeMixing")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      let mixing = HardNegativeMixing(
        hardest: found.hardest, mixtures: found.mixtures, queryMixtures: found.queryMixtures)
      let draw = HardNegativeMixing.Draw(
        pairs: found.pairs.map { $0.map { ($0[0], $0[1]) } }, pairShares: found.pairShares,
        partners: found.partners, queryShares: found.queryShares)
      let q = Tensor(rows: found.queries).requiringGradient()
      let n = Tensor(rows: found.negatives).requiringGradient()
      let labelCount = found.negatives.count
      let made = try mixing(
        queries: q, negatives: n,
        positives: CSRMatrix(rows: found.positives, columnCount: labelCount), draw: draw)
      #expect(!made.requiresGradient)
      expectClose(made.doubles(), found.made.flatMap { $0.flatMap { $0 } }, tolerance: 1e-12)
      let scores = Tensor.concatenated(
        [
          q.matmul(n.transposed()) * (1 / found.temperature),
          mixing.scores(queries: q, mixtures: made, temperature: found.temperature),
        ], along: 1)
      // InfoNCE with one positive a query.
      let width = scores.size(along: 1)
      let own = scores.elements(
        at: Tensor(found.positives.enumerated().map { $0 * width + $1[0] }))
      let value = (scores.logSumExp(along: 1) - own).mean()
      expectClose(value.scalar, found.loss, tolerance: 1e-12)
      let slopes = try gradients(of: value, withRespectTo: [q, n])
      expectClose(slopes[0], Tensor(rows: found.ofQueries), tolerance: 1e-12, "queries")
      expectClose(slopes[1], Tensor(rows: found.ofNegatives), tolerance: 1e-12, "negatives")
    }
  }

  @Test func `partners differ and the query has the smaller share`() {
    var random = SplitMix64(3)
    let mixing = HardNegativeMixing(hardest: 5, mixtures: 200, queryMixtures: 200)
    let draw = mixing.draw(rows: 2, available: 4, using: &random)
    let pairs = draw.pairs.flatMap { $0 }
    #expect(pairs.allSatisfy { $0.0 != $0.1 })
    #expect(Set(pairs.map { 4 * $0.0 + $0.1 }).count == 12)
    #expect(Set(draw.partners.flatMap { $0 }) == [0, 1, 2, 3])
    #expect(draw.pairShares.flatMap { $0 }.allSatisfy { (0..<1).contains($0) })
    #expect(draw.queryShares.flatMap { $0 }.allSatisfy { (0..<0.5).contains($0) })
    var again = SplitMix64(3)
    #expect(mixing.draw(rows: 2, available: 4, using: &again) == draw)
  }

  @Test func `mixtures have unit length and exclude positives`() throws {
    var random = SplitMix64(4)
    let mixing = HardNegativeMixing(hardest: 2, mixtures: 8, queryMixtures: 0)
    // The positive is by far the most similar; negatives lie in the plane of the last two axes.
    let negatives = Tensor(rows: [[9.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    let made = try mixing(
      queries: Tensor(rows: [[1.0, 0.1, 0.1]]), negatives: negatives,
      positives: CSRMatrix(rows: [[0]], columnCount: 3),
      draw: mixing.draw(rows: 1, available: 2, using: &random))
    expectClose(made.norm(along: 2).doubles(), [Double](repeating: 1, count: 8))
    expectClose(made.slice(0..<1, along: 2).doubles(), [Double](repeating: 0, count: 8))
  }
}
