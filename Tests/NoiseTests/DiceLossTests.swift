import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct DiceLossTests {
  private static func loss(_ loss: DiceLoss, _ classes: [Int]) -> PairLoss {
    { try loss(scores: $0[0], classes: classes) }
  }

  @Test func `agrees with the authors`() throws {
    try PairLossChecks.agreesWithTheGolden("DiceLoss", ClassesOf<DiceLoss>.self, cases: 6) {
      Self.loss($0.loss, $0.classes)
    }
  }

  @Test func `sure predictions give counts`() throws {
    // Classes 0, 1, 2 have 2, 1, 1 predictions; one of class 0 is of class 2.
    let scores = [[900.0, 0, 0], [900, 0, 0], [0, 900, 0], [0, 0, 900]]
    let pooled = try DiceLoss(smoothing: 1e-12, pools: true)(
      scores: Tensor(rows: scores), classes: [0, 2, 1, 2])
    expectClose(pooled.scalar, (1 - 2.0 / 3) + 0 + (1 - 2.0 / 3), tolerance: 1e-9)
    // Each single example is right, or wrong in two classes.
    let single = try DiceLoss(smoothing: 1e-12)(
      scores: Tensor(rows: scores), classes: [0, 2, 1, 2])
    expectClose(single.scalar, 2.0 / 4, tolerance: 1e-9)
  }

  @Test(arguments: [0, 0.5, 2]) func `stays finite at sure predictions`(exponent: Double) throws {
    let found = try PairLossChecks.result(
      of: Self.loss(DiceLoss(exponent: exponent), [0, 1]), at: [[[1000, -1000], [1000, -1000]]])
    #expect(found.value.isFinite && found.gradients[0].allSatisfy(\.isFinite))
  }
}
