import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct LogitAdjustmentLossTests {
  @Test func `agrees with PyTorch`() throws {
    try ClassLossCases.agree(LogitAdjustmentLoss.self, cases: 4)
  }

  @Test func `keeps the laws of a mean over examples`() throws {
    try ClassLossCases.keepsItsLaws(LogitAdjustmentLoss(counts: [100, 10, 3, 1]))
  }

  @Test func `equal scores cost the share of the class`() throws {
    expectClose(
      try ClassLossCases.terms(
        LogitAdjustmentLoss(counts: [6, 3, 1]), [[2, 2, 2], [2, 2, 2]], [0, 2]),
      [-log(0.6), -log(0.1)], tolerance: 1e-12)
  }
}
