import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct AnyLossTests {
  private struct Options: Decodable {
    let measure: String
    let beta: Double
    let steepness: Double
    let positives: [Bool]

    var loss: AnyLoss {
      let measures: [String: AnyLoss.Measure] = [
        "geometricMean": .geometricMean, "balancedAccuracy": .balancedAccuracy,
        "accuracy": .accuracy,
      ]
      return AnyLoss(measure: measures[measure] ?? .fMeasure(beta: beta), steepness: steepness)
    }
  }

  private static let positives = [true, false, true, false, false]

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("AnyLoss", Options.self, cases: 7) { options in
      { try options.loss(scores: $0[0].squeezed(along: 1), positives: options.positives) }
    }
  }

  /// Scores far from 0 are predictions; two hits, one false positive.
  @Test func `sure scores give the measure`() throws {
    let scores = Tensor([90.0, 80, 70, -90, -50])
    func score(_ measure: AnyLoss.Measure) throws -> Double {
      1
        - (try AnyLoss(measure: measure, steepness: 200)(scores: scores, positives: Self.positives))
        .scalar
    }
    expectClose(try score(.fMeasure(beta: 1)), 2 * 2 / 5.0, tolerance: 1e-5)
    expectClose(try score(.fMeasure(beta: 2)), 5 * 2 / 11.0, tolerance: 1e-5)
    expectClose(try score(.geometricMean), 2.0 / 3, tolerance: 1e-5)
    expectClose(try score(.balancedAccuracy), (1 + 2.0 / 3) / 2, tolerance: 1e-5)
    expectClose(try score(.accuracy), 0.8, tolerance: 1e-5)
  }

  @Test func `one class only gives the loss 1 without gradient`() throws {
    for measure in [AnyLoss.Measure.fMeasure(beta: 1), .geometricMean, .balancedAccuracy] {
      let found = try PairLossChecks.result(
        of: {
          try AnyLoss(measure: measure)(
            scores: $0[0].squeezed(along: 1), positives: [false, false])
        }, at: [[[0.3], [-2]]])
      #expect(found.value == 1 && found.gradients[0] == [0, 0])
    }
  }
}
