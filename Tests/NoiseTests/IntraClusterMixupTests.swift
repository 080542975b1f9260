import Noise
import Storage
import TestSupport
import Testing
import Torch

@Suite struct IntraClusterMixupTests {
  private struct Options: Decodable {
    let concentration: Double
    let share: Double
    let partners: [Int]
    let complements: [Int]
  }

  @Test func `agrees with the formula of the authors' code`() throws {
    try PairLossChecks.agreesWithTheGolden("IntraClusterMixup", Options.self, cases: 3) {
      options in
      { inputs in
        let mixture = IntraClusterMixup.Mixture(share: options.share, partners: options.partners)
        let logits = try mixture.inputs(inputs[0]).matmul(inputs[1])
        return try mixture.loss(labels: options.complements) {
          try SCLLoss()(logits: logits, complements: $0)
        }
      }
    }
  }

  private static let clusters = [4, -1, 4, 4, 0, -1, 4, 4, -1, 4]

  @Test func `partners are a permutation within clusters`() {
    var random = SplitMix64(1)
    var moved = 0
    for _ in 0..<50 {
      let mixture = IntraClusterMixup()(clusters: Self.clusters, using: &random)
      #expect(mixture.partners.sorted() == Array(Self.clusters.indices))
      for (row, partner) in mixture.partners.enumerated() {
        #expect(Self.clusters[row] == Self.clusters[partner])
        moved += row == partner ? 0 : 1
      }
      #expect((0...1).contains(mixture.share))
    }
    // 5 of 6 rows and 2 of 3 have another partner on average.
    #expect((300...400).contains(moved))
  }

  @Test func `is the same for a seed`() {
    var (first, second) = (SplitMix64(5), SplitMix64(5))
    let mixup = IntraClusterMixup(concentration: 1)
    #expect(
      mixup(clusters: Self.clusters, using: &first)
        == mixup(clusters: Self.clusters, using: &second))
  }

  @Test func `the share has the variance of the beta distribution`() {
    var random = SplitMix64(2)
    for (concentration, variance) in [(0.2, 1 / (4 * 1.4)), (2.0, 1 / (4 * 5.0))] {
      let shares = (0..<4000).map { _ in
        IntraClusterMixup(concentration: concentration)(clusters: [0], using: &random).share
      }
      expectClose(Loops.mean(shares), 0.5, tolerance: 0.03)
      expectClose(
        Loops.mean(shares.map { ($0 - 0.5) * ($0 - 0.5) }), variance, tolerance: 0.01)
    }
  }

  @Test func `finds separate clusters`() throws {
    var random = SplitMix64(3)
    let rows = (0..<60).map { row in
      [Double(row % 3) * 10 + random.doubles(1)[0], Double(row % 3 == 1 ? 5 : 0)]
    }
    let found = try ClusterMeans(count: 3)(Tensor(rows: rows), using: &random)
    #expect(Set(found.owners).count == 3)
    for row in rows.indices { #expect(found.owners[row] == found.owners[row % 3]) }
    let mean = Loops.mean((0..<20).map { rows[$0 * 3][0] })
    expectClose(found.centres[found.owners[0]].doubles(), [mean, 0], tolerance: 1e-9)
  }

  @Test func `as many clusters as rows leave no error`() throws {
    var random = SplitMix64(4)
    let rows = Tensor(rows: [[0.0], [1], [5], [5]])
    let found = try ClusterMeans(count: 4)(rows, using: &random)
    expectClose(found.error, 0, tolerance: 1e-12)
    #expect(found.owners[2] == found.owners[3] && Set(found.owners).count == 3)
  }
}
