import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct ALDRKLLossTests {
  private struct Options: Decodable {
    let loss: ALDRKLLoss
    let temperatures: [Double]
    let classes: [Int]

    private enum Key: CodingKey { case temperatures, classes }

    init(from decoder: any Decoder) throws {
      loss = try ALDRKLLoss(from: decoder)
      let container = try decoder.container(keyedBy: Key.self)
      temperatures = try container.decode([Double].self, forKey: .temperatures)
      classes = try container.decode([Int].self, forKey: .classes)
    }
  }

  private static func value(_ loss: ALDRKLLoss, _ scores: Tensor, _ temperatures: [Double]) throws
    -> Tensor
  {
    try loss(
      scores: scores, classes: ClassLossCases.classes, temperatures: Tensor(temperatures)
    ).value
  }

  @Test func `agrees with the authors`() throws {
    try PairLossChecks.agreesWithTheGolden("ALDRKLLoss", Options.self, cases: 4, detaches: true) {
      options in
      {
        try options.loss(
          scores: $0[0], classes: options.classes, temperatures: Tensor(options.temperatures)
        ).value
      }
    }
  }

  @Test(arguments: ScoreNormalization.allCases)
  func `a large α makes it LDR-KL`(normalization: ScoreNormalization) throws {
    let scores = ClassLossCases.scores
    let adaptive = try PairLossChecks.result(
      of: {
        try Self.value(
          ALDRKLLoss(
            temperature: 0.4, margin: 0.3, robustness: 1e12, normalization: normalization), $0[0],
          [0.4, 0.3, 0.2, 0.1, 0.4])
      }, at: scores)
    let fixed = try PairLossChecks.result(
      of: {
        try LDRKLLoss(temperature: 0.4, margin: 0.3, normalization: normalization)(
          scores: $0[0], classes: ClassLossCases.classes)
      }, at: scores)
    expectClose(adaptive.value, fixed.value, tolerance: 1e-9)
    expectClose(adaptive.gradients[0], fixed.gradients[0], tolerance: 1e-9)
  }

  @Test func `sure predictions lower the temperature to its bound`() throws {
    let found = try ALDRKLLoss(temperature: 2, robustness: 4, normalization: .none)(
      scores: Tensor(rows: [[0.0, 0, 0], [900, 0, 0]]), classes: [0, 1],
      temperatures: Tensor([2.0, 2]))
    // Without certainty λ₀; with certainty λ₀ (1 − 1 / α), up to the 10⁻⁵ that is added.
    expectClose(found.temperatures.doubles(), [2, 1.5], tolerance: 1e-3)
    #expect(!found.temperatures.requiresGradient)
  }

  @Test func `stays finite at extreme scores`() throws {
    for normalization in ScoreNormalization.allCases {
      let found = try PairLossChecks.result(
        of: {
          try ALDRKLLoss(temperature: 0.01, normalization: normalization)(
            scores: $0[0], classes: [0, 0, 1], temperatures: Tensor([0.01, 0.005, 0.01])
          ).value
        }, at: [[[1000, -1000, 0], [-1000, 1000, 0], [0, 0, 0]]])
      #expect(found.value.isFinite && found.gradients[0].allSatisfy(\.isFinite))
    }
  }
}
