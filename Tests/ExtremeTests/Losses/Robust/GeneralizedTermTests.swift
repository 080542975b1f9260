import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GeneralizedTermTests {
  static let terms: RobustEquation.Terms = { logs in
    logs.map { ((1 - exp(0.7 * $0)) / 0.7, exp(0.7 * $0)) }
  }

  @Test func `matches PyTorch`() throws {
    try LabelLossChecks.agreesWithTheGolden(
      RobustLoss<DecoupledSoftmaxLoss, GeneralizedTerm>.self, named: "GeneralizedTerm")
  }

  @Test func `a small exponent is cross-entropy, 1 is the missing probability`() throws {
    let logs = Tensor([-3.0, -0.5, 0])
    let small = GeneralizedTerm(exponent: 1e-7)(logProbabilities: logs, targets: nil)
    expectClose(small.value, -logs, tolerance: 1e-6)
    expectClose(small.factor, Tensor([1.0, 1, 1]), tolerance: 1e-6)
    let one = GeneralizedTerm(exponent: 1)(logProbabilities: logs, targets: nil)
    expectClose(one.value, 1 - logs.exp(), tolerance: 1e-12)
    expectClose(one.factor, logs.exp(), tolerance: 1e-12)
  }

  @Test func `traps on exponent 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = GeneralizedTerm(exponent: 0)(logProbabilities: Tensor([-1.0]), targets: nil)
    }
  }
}
