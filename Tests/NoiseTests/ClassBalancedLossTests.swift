import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct ClassBalancedLossTests {
  @Test func `agrees with PyTorch`() throws {
    try ClassLossCases.agree(ClassBalancedLoss.self, cases: 4)
  }

  @Test func `keeps the laws of a mean over examples`() throws {
    try ClassLossCases.keepsItsLaws(ClassBalancedLoss(counts: [100, 10, 3, 1]))
  }

  @Test func `weights lie between equal and inverse`() {
    expectClose(ClassBalancedLoss(counts: [9, 3, 1], overlap: 0).weights, [1, 1, 1])
    // 1, ½ and ¼ examples, relative to the first.
    expectClose(
      ClassBalancedLoss(counts: [1, 2, 4], overlap: 1 - 1e-9).weights,
      [12.0 / 7, 6.0 / 7, 3.0 / 7],
      tolerance: 1e-7)
    // 1 + ½ = 1.5 effective examples of the second.
    expectClose(
      ClassBalancedLoss(counts: [1, 2], overlap: 0.5).weights, [1.2, 0.8], tolerance: 1e-12)
  }
}
