import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct TverskyLossTests {
  private static func loss(_ loss: TverskyLoss, _ classes: [Int]) -> PairLoss {
    { try loss(scores: $0[0], classes: classes) }
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("TverskyLoss", ClassesOf<TverskyLoss>.self, cases: 4) {
      Self.loss($0.loss, $0.classes)
    }
  }

  @Test(arguments: [false, true]) func `equal weights make it the Dice loss`(pools: Bool) throws {
    let (scores, classes) = (ClassLossCases.scores, ClassLossCases.classes)
    let own = try PairLossChecks.result(
      of: Self.loss(TverskyLoss(exponent: 1.5, smoothing: 0.2, pools: pools), classes), at: scores)
    let dice = try PairLossChecks.result(
      of: {
        try DiceLoss(exponent: 1.5, smoothing: 0.4, pools: pools)(scores: $0[0], classes: classes)
      }, at: scores)
    expectClose(own.value, dice.value, tolerance: 1e-12)
    expectClose(own.gradients[0], dice.gradients[0], tolerance: 1e-12)
  }

  /// Two hits of class 0, one false positive, no false negative; class 1 the reverse.
  @Test func `weights are those of both errors`() throws {
    let scores = Tensor(rows: [[900.0, 0], [900, 0], [900, 0], [0, 900]])
    let loss = TverskyLoss(
      falsePositiveWeight: 0.3, falseNegativeWeight: 0.9, smoothing: 1e-12, pools: true)
    expectClose(
      try loss(scores: scores, classes: [0, 0, 1, 1]).scalar,
      (1 - 2 / 2.3) + (1 - 1 / 1.9), tolerance: 1e-9)
  }
}
