import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ReweightingTermTests {
  static let terms: RobustEquation.Terms = { logs in
    let losses = logs.map { -$0 }
    guard let low = losses.min(), let high = losses.max() else { return [] }
    let goals = losses.map { loss in
      let h = 2 * (loss - low) / max(high - low, 1e-6) - 1
      return exp(1 - h * h)
    }
    let sum = goals.reduce(0, +)
    return zip(losses, goals).map { loss, goal in
      let weight = goal / sum * Double(losses.count)
      return (weight * loss, weight)
    }
  }

  @Test func `matches PyTorch`() throws {
    try LabelLossChecks.agreesWithTheGolden(
      RobustLoss<DecoupledSoftmaxLoss, ReweightingTerm>.self, named: "ReweightingTerm")
  }

  @Test func `strategies weigh the middle, the upper half or the ends`() {
    // Losses 0, 1 and 2 become h = −1, 0 and 1.
    let logs = Tensor([0.0, -1, -2])
    func weights(_ strategy: ReweightingTerm.Strategy) -> [Double] {
      ReweightingTerm(strategy: strategy)(logProbabilities: logs, targets: nil).factor.doubles()
    }
    let e = exp(1.0)
    expectClose(weights(.quadratic), [1, e, 1].map { 3 * $0 / (2 + e) }, tolerance: 1e-12)
    expectClose(weights(.linearUpper), [1, e, e].map { 3 * $0 / (1 + 2 * e) }, tolerance: 1e-12)
    expectClose(weights(.extremes), [e, 1, e].map { 3 * $0 / (1 + 2 * e) }, tolerance: 1e-12)
  }

  @Test func `equal losses weigh 1, a small scale picks out the middle`() {
    let equal = ReweightingTerm()(logProbabilities: Tensor([-2.0, -2, -2]), targets: nil)
    expectClose(equal.factor.doubles(), [1, 1, 1], tolerance: 1e-12)
    let sharp = ReweightingTerm(scale: 0.01)(logProbabilities: Tensor([0.0, -1, -2]), targets: nil)
    expectClose(sharp.factor.doubles(), [0, 3, 0], tolerance: 1e-12)
  }

  @Test func `traps on scale 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = ReweightingTerm(scale: 0)(logProbabilities: Tensor([-1.0]), targets: nil)
    }
  }
}
