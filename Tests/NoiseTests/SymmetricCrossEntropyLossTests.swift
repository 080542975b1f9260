import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct SymmetricCrossEntropyLossTests {
  @Test func `agrees with the published code`() throws {
    try ClassLossCases.agree(SymmetricCrossEntropyLoss.self, cases: 3)
  }

  @Test func `keeps the laws of a mean over examples`() throws {
    try ClassLossCases.keepsItsLaws(SymmetricCrossEntropyLoss())
  }

  @Test func `the chance level follows from both parts`() throws {
    let loss = SymmetricCrossEntropyLoss(
      crossEntropyWeight: 2, reverseWeight: 3, labelFloor: exp(-4))
    expectClose(
      try ClassLossCases.terms(loss, [[1, 1, 1, 1]], [2]), [2 * log(4) + 3 * 4 * 0.75],
      tolerance: 1e-12)
  }
}
