import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SymmetricTermTests {
  static let terms: RobustEquation.Terms = { logs in
    logs.map { (-0.1 * $0 + 4 * (1 - exp($0)), 0.1 + 4 * exp($0)) }
  }

  @Test func `matches PyTorch`() throws {
    try LabelLossChecks.agreesWithTheGolden(
      RobustLoss<DecoupledSoftmaxLoss, SymmetricTerm>.self, named: "SymmetricTerm")
  }

  @Test func `without the reverse part it is cross-entropy`() {
    let logs = Tensor([-3.0, -0.5, 0])
    let term = SymmetricTerm(forwardWeight: 2, reverseWeight: 0)
    let (value, factor) = term(logProbabilities: logs, targets: nil)
    expectClose(value, logs * -2, tolerance: 1e-12)
    expectClose(factor, Tensor([2.0, 2, 2]), tolerance: 1e-12)
  }

  @Test func `traps on a logarithm of 0 above 0`() async {
    await #expect(processExitsWith: .failure) {
      let term = SymmetricTerm(logOfZero: 1)
      _ = term(logProbabilities: Tensor([-1.0]), targets: nil)
    }
  }
}
