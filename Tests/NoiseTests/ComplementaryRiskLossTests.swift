import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct ComplementaryRiskLossTests {
  private struct Options: Decodable {
    let priors: [Double]
    let kind: ComplementaryRiskLoss.Kind
    let complements: [Int]
  }

  private static func loss(
    _ priors: [Double], _ kind: ComplementaryRiskLoss.Kind, _ complements: [Int]
  ) -> PairLoss {
    {
      try ComplementaryRiskLoss(priors: priors, kind: kind)(
        logits: $0[0], complements: complements)
    }
  }

  @Test func `agrees with the code of Ishida`() throws {
    try PairLossChecks.agreesWithTheGolden("ComplementaryRiskLoss", Options.self, cases: 9) {
      Self.loss($0.priors, $0.kind, $0.complements)
    }
  }

  @Test(arguments: ComplementaryRiskLoss.Kind.allCases)
  func `gradients match differences`(kind: ComplementaryRiskLoss.Kind) throws {
    try PairLossChecks.gradientsMatchDifferences(
      at: PairLossChecks.matrices([(6, 3)], seed: 5),
      Self.loss([0.5, 0.2, 0.3], kind, [0, 1, 2, 1, 0, 0]))
  }

  /// Every complementary label of every example: then the estimate is the risk.
  @Test func `all complementary labels give the ordinary cross-entropy`() throws {
    let logits = PairLossChecks.matrices([(4, 3)], seed: 6)[0]
    let classes = [0, 2, 1, 0]
    let pairs = classes.indices.flatMap { row in
      (0..<3).filter { $0 != classes[row] }.map { (row, $0) }
    }
    let complements = pairs.map(\.1)
    let priors = (0..<3).map { label in
      Double(complements.count { $0 == label }) / Double(complements.count)
    }
    expectClose(
      try PairLossChecks.result(
        of: Self.loss(priors, .unbiased, complements), at: [pairs.map { logits[$0.0] }]
      ).value,
      Tensor(rows: logits).crossEntropy(ofClasses: Tensor(classes)).scalar, tolerance: 1e-12)
  }

  @Test func `parts below zero are dropped or raised`() throws {
    // One row, label 0, which the model already denies: only the part of class 0 is negative.
    let inputs = [[[-6.0, 1, 1]]]
    func value(_ kind: ComplementaryRiskLoss.Kind) throws -> Double {
      try PairLossChecks.result(of: Self.loss([1, 0, 0], kind, [0]), at: inputs).value
    }
    let (all, rest, raised) = (
      try value(.unbiased), try value(.nonNegative), try value(.gradientAscent)
    )
    #expect(raised > 5 && rest > 0)
    expectClose(all, rest - raised, tolerance: 1e-12)
  }

  @Test func `traps on priors of other classes`() async {
    await #expect(processExitsWith: .failure) {
      _ = try ComplementaryRiskLoss(priors: [1])(logits: .zeros([1, 2]), complements: [0])
    }
  }
}
