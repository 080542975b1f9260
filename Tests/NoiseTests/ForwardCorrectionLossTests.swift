import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct ForwardCorrectionLossTests {
  @Test func `agrees with PyTorch`() throws {
    try ClassLossCases.agree(ForwardCorrectionLoss.self, cases: 3)
  }

  @Test func `keeps the laws of a mean over examples`() throws {
    try ClassLossCases.keepsItsLaws(
      ForwardCorrectionLoss(transition: .symmetric(classes: 4, rate: 0.3)))
  }

  /// A direction matters: the class is given as the next one.
  @Test func `a sure prediction costs the logarithm of its noise`() throws {
    let loss = ForwardCorrectionLoss(transition: .pairwise(classes: 3, rate: 0.2))
    expectClose(
      try ClassLossCases.terms(loss, [[900, 0, 0], [900, 0, 0]], [0, 1]), [-log(0.8), -log(0.2)],
      tolerance: 1e-12)
  }

  @Test func `traps if noise excludes a given class`() async {
    await #expect(processExitsWith: .failure) {
      let transition = try TransitionMatrix(rows: [[1, 0], [1, 0]])
      _ = try ForwardCorrectionLoss(transition: transition)(
        scores: Tensor(rows: [[0.0, 1]]), classes: [1])
    }
  }
}
