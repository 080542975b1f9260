import Contrastive
import Foundation
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

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden(
      "SymmetricMultiSimilarityLoss", Options.self, cases: 3
    ) {
      Self.loss(SymmetricMultiSimilarityLoss(margin: $0.margin, slack: $0.slack, tie: $0.tie))
    }
  }

  @Test func `each kind of comparison matches values by hand`() throws {
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
}
