import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct SCLLossTests {
  private struct Options: Decodable {
    let kind: SCLLoss.Kind
    let complements: [Int]
  }

  private static func loss(_ kind: SCLLoss.Kind, _ complements: [Int]) -> PairLoss {
    { try SCLLoss(kind: kind)(logits: $0[0], complements: complements) }
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("SCLLoss", Options.self, cases: 4) {
      Self.loss($0.kind, $0.complements)
    }
  }

  @Test(arguments: SCLLoss.Kind.allCases)
  func `gradients match differences`(kind: SCLLoss.Kind) throws {
    try PairLossChecks.gradientsMatchDifferences(
      at: PairLossChecks.matrices([(4, 3)], seed: 2), Self.loss(kind, [0, 1, 2, 1]))
  }

  @Test func `equal logits give the chance level`() throws {
    let equal = [[[Double]](repeating: [2, 2, 2, 2], count: 3)]
    expectClose(
      try PairLossChecks.result(of: Self.loss(.negativeLog, [0, 3, 3]), at: equal).value,
      log(4.0 / 3), tolerance: 1e-12)
    expectClose(
      try PairLossChecks.result(of: Self.loss(.exponential, [0, 3, 3]), at: equal).value,
      exp(0.25), tolerance: 1e-12)
  }

  /// 1 − p is 0 here, and its logarithm is not.
  @Test func `stays exact where the denied class is certain`() throws {
    let found = try PairLossChecks.result(
      of: Self.loss(.negativeLog, [0]), at: [[[500, 0, 0]]], dtype: .float32)
    expectClose(found.value, 500 - log(2), tolerance: 1e-5)
    expectClose(found.gradients[0], [1, -0.5, -0.5], tolerance: 1e-5)
  }

  @Test func `traps on a label outside the classes`() async {
    await #expect(processExitsWith: .failure) {
      _ = try SCLLoss()(logits: .zeros([2, 3]), complements: [0, 3])
    }
  }
}
