import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct MetrixLossTests {
  @Test func agreesWithTheEquationsInPyTorch() throws {
    try expectGolden("MetrixLoss", count: 3) { given, inputs in
      let rows = try #require(given.inputs["draw"])
      let draw = MetrixLoss.Draw(
        partners: rows.map { $0[0] < 0 ? nil : Int($0[0]) }, shares: rows.map { $0[1] })
      return try MetrixLoss(
        positiveSharpness: given["beta"], negativeSharpness: given["gamma"], base: given["base"])(
          embeddings: #require(inputs["embeddings"]), classes: #require(given.classes), draw: draw)
    }
  }

  private let classes = [0, 1, 0, 2, 1, 0]
  private let draw = MetrixLoss.Draw(
    partners: [2, 4, 0, nil, 1, 2], shares: [0.3, 0.5, 0.9, 0.4, 0.1, 0.7])

  @Test func gradientsAreDifferencesWhateverTheBlock() throws {
    var random = SplitMix64(1)
    let x = random.rows(6, 3)
    for blockSize in [nil, 1, 4] {
      let loss = MetrixLoss(negativeSharpness: 8, blockSize: blockSize)
      try expectDifferences([x]) { try loss(embeddings: $0[0], classes: classes, draw: draw) }
    }
  }

  @Test func mixturesThatAreOnlyTheNegativeOrOnlyThePartner() throws {
    // Anchor and positive along (1, 0), the negative along (0, 1).
    let x = Tensor(rows: [[1.0, 0], [2, 0], [0, 3]])
    func value(_ share: Double) throws -> Double {
      let draw = MetrixLoss.Draw(partners: [1, nil, nil], shares: [share, 0.5, 0.5])
      return try MetrixLoss()(embeddings: x, classes: [0, 0, 1], draw: draw).scalar
    }
    expectClose(try value(0), log(1 + exp(-25.0)) / 50, tolerance: 1e-12)
    expectClose(try value(1), log(1 + exp(-1.0)) / 2, tolerance: 1e-12)
  }

  @Test func theDrawTakesPositivesAndSharesAroundTheMiddle() {
    var random = SplitMix64(2)
    let many = (0..<3000).map { $0 % 7 } + [99]
    let draw = MetrixLoss().draw(classes: many, partner: .positive, using: &random)
    for (row, partner) in draw.partners.enumerated() {
      #expect((partner == nil) == (many[row] == 99))
      if let partner { #expect(partner != row && many[partner] == many[row]) }
    }
    // Beta(2, 2) has the mean ½ and the variance 1/20.
    let mean = draw.shares.reduce(0, +) / 3001
    let variance = draw.shares.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 3001
    #expect(abs(mean - 0.5) < 0.02 && abs(variance - 0.05) < 0.005)
    var again = SplitMix64(2)
    #expect(MetrixLoss().draw(classes: many, partner: .positive, using: &again) == draw)
    let itself = MetrixLoss().draw(classes: [5, 5, 6], partner: .anchor, using: &again)
    #expect(itself.partners == [0, 1, 2])
  }

  @Test func staysFinite() throws {
    var random = SplitMix64(3)
    let x = random.rows(6, 3)
    for sharpness in [1e-3, 1e4] {
      let loss = MetrixLoss(positiveSharpness: sharpness, negativeSharpness: sharpness)
      try expectFinite([Tensor(rows: x) * 1e4]) {
        try loss(embeddings: $0[0], classes: classes, draw: draw)
      }
    }
    // Opposite vectors in equal shares mix to nothing.
    let half = MetrixLoss.Draw(partners: [0, 1], shares: [0.5, 0.5])
    try expectFinite([Tensor(rows: [[1.0, 0], [-1, 0]])]) {
      try MetrixLoss()(embeddings: $0[0], classes: [0, 1], draw: half)
    }
  }

  @Test func withoutPartnersOrNegativesItIsNothing() throws {
    var random = SplitMix64(4)
    let x = Tensor(rows: random.rows(3, 2))
    let alone = MetrixLoss.Draw(partners: [nil, nil, nil], shares: [0.5, 0.5, 0.5])
    try expectNothing([x]) {
      try MetrixLoss()(embeddings: $0[0], classes: [0, 1, 2], draw: alone)
    }
    let together = MetrixLoss.Draw(partners: [1, 2, 0], shares: [0.5, 0.5, 0.5])
    try expectNothing([x]) {
      try MetrixLoss()(embeddings: $0[0], classes: [3, 3, 3], draw: together)
    }
  }

  @Test func refusesADrawOfAnotherBatch() async {
    await #expect(processExitsWith: .failure) {
      _ = try MetrixLoss()(
        embeddings: .ones([2, 2]), classes: [0, 1],
        draw: MetrixLoss.Draw(partners: [nil], shares: [0.5]))
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(MetrixLoss(base: 0.3, blockSize: 4))
    try expectRoundTrip(draw)
  }
}
