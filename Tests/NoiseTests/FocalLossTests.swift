import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct FocalLossTests {
  @Test func `agrees with PyTorch`() throws { try ClassLossCases.agree(FocalLoss.self, cases: 4) }

  @Test(arguments: [0, 0.5, 2]) func `keeps the laws of a mean over examples`(focus: Double) throws
  {
    try ClassLossCases.keepsItsLaws(FocalLoss(focus: focus))
  }

  @Test func `values match numbers by hand`() throws {
    expectClose(
      try ClassLossCases.terms(FocalLoss(), [[0, 0, 0, 0]], [3]), [0.5625 * log(4)],
      tolerance: 1e-12)
    expectClose(
      try ClassLossCases.terms(FocalLoss(focus: 0), [[0, 0, 0, 0]], [3]), [log(4)],
      tolerance: 1e-12)
  }
}
