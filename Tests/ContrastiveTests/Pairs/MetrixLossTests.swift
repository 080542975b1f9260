import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct MetrixLossTests {
  @Test func `agrees with the equations in PyTorch`() throws {
    try expectGolden("MetrixLoss", count: 3) { given, inputs in
      let rows = try #require(given.inputs["draw"])
      let count = try #require(given.classes).count
      let ofAnchors = (0..<count).map { anchor in rows.filter { Int($0[0]) == anchor } }
      let draw = MetrixLoss.Draw(
        partners: ofAnchors.map { $0.map { Int($0[1]) } },
        shares: ofAnchors.map { $0.map { $0[2] } })
      return try MetrixLoss(
        positiveSharpness: given["beta"], negativeSharpness: given["gamma"], base: given["base"])(
          embeddings: #require(inputs["embeddings"]), classes: #require(given.classes), draw: draw)
    }
  }

  @Test func `shares 0 and 1 give the plain terms`() throws {
    // Anchor and positive along (1, 0), the negative along (0, 1).
    let x = Tensor(rows: [[1.0, 0], [2, 0], [0, 3]])
    func value(_ share: Double) throws -> Double {
      let draw = MetrixLoss.Draw(partners: [[1], [], []], shares: [[share], [], []])
      return try MetrixLoss()(embeddings: x, classes: [0, 0, 1], draw: draw).scalar
    }
    expectClose(try value(0), log(1 + exp(-25.0)) / 50, tolerance: 1e-12)
    expectClose(try value(1), log(1 + exp(-1.0)) / 2, tolerance: 1e-12)
  }

  @Test func `mixtures of all partners share one sum`() throws {
    // Two positives at the anchor, the negative at a right angle: two equal mixtures.
    let x = Tensor(rows: [[1.0, 0], [2, 0], [4, 0], [0, 3]])
    let draw = MetrixLoss.Draw(partners: [[1, 2], [], [], []], shares: [[0.5, 0.5], [], [], []])
    let similarity = 0.5.squareRoot()
    let expected =
      log(1 + 2 * 0.5 * exp(-2 * (similarity - 0.5))) / 2
      + log(1 + 2 * 0.5 * exp(50 * (similarity - 0.5))) / 50
    let value = try MetrixLoss()(embeddings: x, classes: [0, 0, 0, 1], draw: draw)
    expectClose(value.scalar, expected, tolerance: 1e-12)
  }

  @Test func `mixes only the hardest negatives`() throws {
    // Cosines of the anchor with its negatives: 0.8, 0.6, 0 and, of a tie, 0.6.
    let x = [[1.0, 0], [2, 0], [0.8, 0.6], [0.6, 0.8], [0, 3], [0.6, -0.8]]
    let draw = MetrixLoss.Draw(
      partners: [[1], [], [], [], [], []], shares: [[0.4], [], [], [], [], []])
    func value(_ hardest: Int?, keeping rows: [Int]) throws -> Double {
      let loss = MetrixLoss(negativeSharpness: 8, hardest: hardest, blockSize: 2)
      return try loss(
        embeddings: Tensor(rows: rows.map { x[$0] }),
        classes: rows.map { [0, 0, 1, 2, 3, 4][$0] },
        draw: .init(
          partners: rows.map { draw.partners[$0] }, shares: rows.map { draw.shares[$0] })
      ).scalar
    }
    for (hardest, kept) in [(1, [2]), (2, [2, 3, 5]), (3, [2, 3, 5]), (4, [2, 3, 4, 5])] {
      expectClose(
        try value(hardest, keeping: [0, 1, 2, 3, 4, 5]), try value(nil, keeping: [0, 1] + kept),
        tolerance: 1e-12, "\(hardest)")
    }
  }

  @Test func `a draw takes all positives with shares around one half`() {
    var random = SplitMix64(2)
    let many = (0..<120).map { $0 % 3 } + [99]
    let draw = MetrixLoss().draw(classes: many, partner: .positive, using: &random)
    for (row, partners) in draw.partners.enumerated() {
      #expect(partners == many.indices.filter { $0 != row && many[$0] == many[row] })
    }
    #expect(draw.partners.map(\.count) == draw.shares.map(\.count))
    // Beta(2, 2) has the mean ½ and the variance 1/20.
    let shares = Array(draw.shares.joined())
    let mean = shares.reduce(0, +) / Double(shares.count)
    let variance =
      shares.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(shares.count)
    #expect(abs(mean - 0.5) < 0.02 && abs(variance - 0.05) < 0.005)
    var again = SplitMix64(2)
    #expect(MetrixLoss().draw(classes: many, partner: .positive, using: &again) == draw)
    let itself = MetrixLoss().draw(classes: [5, 5, 6], partner: .anchor, using: &again)
    #expect(itself.partners == [[0], [1], [2]])
  }

  @Test func `traps on a draw of another batch`() async {
    await #expect(processExitsWith: .failure) {
      _ = try MetrixLoss()(
        embeddings: .ones([2, 2]), classes: [0, 1],
        draw: MetrixLoss.Draw(partners: [[]], shares: [[]]))
    }
  }
}
