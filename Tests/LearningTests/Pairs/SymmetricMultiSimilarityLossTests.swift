import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct SymmetricMultiSimilarityLossTests {
  private struct Options: Decodable {
    let margin: Double
    let slack: Double
    let tie: Double
  }

  private static func loss(
    _ loss: SymmetricMultiSimilarityLoss = SymmetricMultiSimilarityLoss()
  ) -> PairLoss {
    { try loss(first: $0[0], second: $0[1], relevance: $0[2]) }
  }

  private static let relevance = [
    [1, 0.5, 0.25, 1], [0.5, 1, 0, 0], [0.25, 0, 0.75, 0.9], [1, 0, 0.9, 0.5],
  ]
  private static let pairs = PairLossChecks.matrices([(4, 3), (4, 3)], seed: 41)

  @Test func agreesWithPyTorch() throws {
    try PairLossChecks.agreesWithTheGolden(
      "SymmetricMultiSimilarityLoss", Options.self, cases: 3
    ) {
      Self.loss(SymmetricMultiSimilarityLoss(margin: $0.margin, slack: $0.slack, tie: $0.tie))
    }
  }

  @Test func eachKindOfComparisonByHand() throws {
    // All cosines are 1 or 0: 1 within a pair, 0 across.
    let axes = [[1.0, 0], [0, 1]]
    func value(_ relevance: [[Double]], slack: Double = 0.1) throws -> Double {
      try PairLossChecks.result(
        of: Self.loss(SymmetricMultiSimilarityLoss(margin: 0.6, slack: slack)),
        at: [axes, axes, relevance]
      ).value
    }
    // The pair is the more relevant, and far enough ahead.
    expectClose(try value([[1, 0], [0, 1]]), 0, tolerance: 1e-12)
    // As relevant: cosines may differ by the slack, and do by 1.
    expectClose(try value([[1, 1], [1, 1]]), 0.9, tolerance: 1e-12)
    // Less relevant by 1: the other ought to be 0.6 ahead and is 1 behind.
    expectClose(try value([[0, 1], [1, 0]]), 1.6, tolerance: 1e-12)
  }

  @Test func gradientsMatchDifferences() throws {
    let relevance = Tensor(rows: Self.relevance)
    try PairLossChecks.gradientsMatchDifferences(at: Self.pairs) {
      try SymmetricMultiSimilarityLoss()(first: $0[0], second: $0[1], relevance: relevance)
    }
  }

  @Test func neitherTheSidesNorTheOrderNorTheLengthMatter() throws {
    let inputs = Self.pairs + [Self.relevance]
    let turned = (0..<4).map { j in (0..<4).map { Self.relevance[$0][j] } }
    let reversed = [
      Self.pairs[0].reversed(), Self.pairs[1].reversed(),
      Self.relevance.reversed().map { $0.reversed() },
    ]
    for (others, label) in [
      ([Self.pairs[1], Self.pairs[0], turned], "sides swapped"), (reversed, "rows reversed"),
      ([Self.pairs[0].map { $0.map { $0 * 3 } }, Self.pairs[1], Self.relevance], "rows scaled"),
    ] {
      try PairLossChecks.isTheSame(at: inputs, and: others, label, Self.loss())
    }
  }

  @Test func aSinglePairIsNoLoss() throws {
    try PairLossChecks.isNothing(at: [[[1, 2]], [[2, -1]], [[1]]], Self.loss())
  }

  @Test func staysFiniteAndAgreesInFloat32() throws {
    let relevance = Tensor(rows: Self.relevance)
    let loss: PairLoss = {
      try SymmetricMultiSimilarityLoss()(first: $0[0], second: $0[1], relevance: relevance)
    }
    try PairLossChecks.staysFinite(at: Self.pairs, loss)
    try PairLossChecks.agreesInFloat32(at: Self.pairs, loss)
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try PairLossChecks.survivesARoundTrip(
      SymmetricMultiSimilarityLoss(), SymmetricMultiSimilarityLoss(margin: 1, slack: 0, tie: 0.5))
  }
}
