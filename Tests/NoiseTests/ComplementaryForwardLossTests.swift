import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct ComplementaryForwardLossTests {
  private struct Options: Decodable {
    let transitions: [[Double]]
    let complements: [Int]
  }

  private static func loss(_ transitions: [[Double]], _ complements: [Int]) -> PairLoss {
    {
      try ComplementaryForwardLoss(transitions: transitions)(
        logits: $0[0], complements: complements)
    }
  }

  private static let biased = [[0, 0.9, 0.1], [0.4, 0, 0.6], [0.2, 0.8, 0]]

  @Test func `agrees with the code of Ishida and PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("ComplementaryForwardLoss", Options.self, cases: 3) {
      Self.loss($0.transitions, $0.complements)
    }
  }

  @Test func `gradients match differences`() throws {
    try PairLossChecks.gradientsMatchDifferences(
      at: PairLossChecks.matrices([(4, 3)], seed: 3), Self.loss(Self.biased, [0, 1, 2, 1]))
  }

  @Test func `uniform labels give the surrogate loss and a constant`() throws {
    let inputs = PairLossChecks.matrices([(5, 4)], seed: 4)
    let complements = [0, 3, 2, 1, 1]
    let uniform = ComplementaryForwardLoss.uniform(classes: 4).transitions
    let surrogate = try PairLossChecks.result(
      of: { try SCLLoss()(logits: $0[0], complements: complements) }, at: inputs)
    let found = try PairLossChecks.result(of: Self.loss(uniform, complements), at: inputs)
    expectClose(found.value, surrogate.value + log(3), tolerance: 1e-12)
    expectClose(found.gradients[0], surrogate.gradients[0], tolerance: 1e-12)
  }

  @Test func `is smallest at the class that explains the labels`() throws {
    // Class 1 gives label 0 in 4 of 10 cases, which no other class does as often.
    let values = try (0..<3).map { sure in
      try PairLossChecks.result(
        of: Self.loss(Self.biased, [0]), at: [[(0..<3).map { $0 == sure ? 9 : 0 }]]
      ).value
    }
    #expect(values.firstIndex(of: values.min() ?? 0) == 1)
  }

  @Test func `traps on transitions of other classes`() async {
    await #expect(processExitsWith: .failure) {
      _ = try ComplementaryForwardLoss.uniform(classes: 3)(
        logits: .zeros([1, 4]), complements: [0])
    }
  }
}
