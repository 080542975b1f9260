import Noise
import TestSupport
import Testing
import Torch

@Suite struct MeanAbsoluteErrorLossTests {
  @Test func `agrees with PyTorch`() throws {
    try ClassLossCases.agree(MeanAbsoluteErrorLoss.self, cases: 2)
  }

  @Test func `keeps the laws of a mean over examples`() throws {
    try ClassLossCases.keepsItsLaws(MeanAbsoluteErrorLoss())
  }

  /// Ghosh and others: this makes it robust to symmetric noise.
  @Test func `the sum over all classes is constant`() throws {
    for row in ClassLossCases.scores[0] {
      let all = try (0..<4).map {
        try ClassLossCases.terms(MeanAbsoluteErrorLoss(), [row], [$0])[0]
      }
      expectClose(all.reduce(0, +), 2 * 3, tolerance: 1e-12)
    }
  }
}
