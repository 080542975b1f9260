import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct EarlyLearningLossTests {
  private struct Options: Decodable {
    let momentum: Double
    let weight: Double
    let targets: [[Double]]
    let classes: [Int]
  }

  @Test func `agrees with the authors`() throws {
    try PairLossChecks.agreesWithTheGolden(
      "EarlyLearningLoss", Options.self, cases: 4, detaches: true
    ) { options in
      {
        try EarlyLearningLoss(momentum: options.momentum, weight: options.weight)(
          scores: $0[0], classes: options.classes, targets: Tensor(rows: options.targets)
        ).value
      }
    }
  }

  @Test func `gradient matches finite differences with fixed targets`() throws {
    let (scores, classes) = (ClassLossCases.scores, ClassLossCases.classes)
    let zero = Tensor.zeros([5, 4], dtype: .float64)
    let moved = try EarlyLearningLoss()(
      scores: Tensor(rows: scores[0]), classes: classes, targets: zero
    ).targets
    try PairLossChecks.gradientsMatchDifferences(
      at: scores,
      holding: {
        try EarlyLearningLoss(momentum: 1)(scores: $0[0], classes: classes, targets: moved).value
      }
    ) { try EarlyLearningLoss()(scores: $0[0], classes: classes, targets: zero).value }
  }

  @Test func `targets average the predictions`() throws {
    let scores = ClassLossCases.scores[0]
    var targets = Tensor.zeros([5, 4], dtype: .float64)
    for _ in 0..<2 {
      targets = try EarlyLearningLoss(momentum: 0.6)(
        scores: Tensor(rows: scores), classes: ClassLossCases.classes, targets: targets
      ).targets
    }
    #expect(!targets.requiresGradient)
    expectClose(
      targets.doubles(), scores.flatMap(ClassLossCases.softmax).map { (0.6 * 0.4 + 0.4) * $0 },
      tolerance: 1e-12)
  }

  @Test func `stays finite at sure predictions`() throws {
    let found = try PairLossChecks.result(
      of: {
        try EarlyLearningLoss()(
          scores: $0[0], classes: [0, 1], targets: Tensor(rows: [[1.0, 0], [1, 0]])
        ).value
      }, at: [[[1000, -1000], [1000, -1000]]])
    #expect(found.value.isFinite && found.gradients[0].allSatisfy(\.isFinite))
  }
}
