import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct DLLPLossTests {
  private struct Options: Decodable {
    let sizes: [Int]
    let shares: [[Double]]
  }

  private static func loss(_ sizes: [Int], _ shares: [[Double]]) -> PairLoss {
    {
      try DLLPLoss()(
        logits: $0[0], bags: Bags(sizes: sizes),
        shares: Tensor(rows: shares).converted(to: $0[0].dtype))
    }
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("DLLPLoss", Options.self, cases: 3) {
      Self.loss($0.sizes, $0.shares)
    }
  }

  @Test func `gradients match differences`() throws {
    try PairLossChecks.gradientsMatchDifferences(
      at: PairLossChecks.matrices([(6, 3)], seed: 7),
      Self.loss([2, 4], [[0.5, 0.5, 0], [0.1, 0.2, 0.7]]))
  }

  @Test func `bags of one row give the cross-entropy`() throws {
    let inputs = PairLossChecks.matrices([(3, 4)], seed: 8)
    let classes = [2, 0, 3]
    let shares = classes.map { label in (0..<4).map { $0 == label ? 1.0 : 0 } }
    expectClose(
      try PairLossChecks.result(of: Self.loss([1, 1, 1], shares), at: inputs).value,
      Tensor(rows: inputs[0]).crossEntropy(ofClasses: Tensor(classes)).scalar, tolerance: 1e-12)
  }

  @Test func `equal logits give the logarithm of the classes`() throws {
    expectClose(
      try PairLossChecks.result(
        of: Self.loss([3, 2], [[0.2, 0.8], [1, 0]]), at: [[[Double]](repeating: [1, 1], count: 5)]
      ).value, log(2), tolerance: 1e-12)
  }

  @Test func `stays finite where all probabilities of a bag underflow`() throws {
    let found = try PairLossChecks.result(
      of: Self.loss([2], [[0.5, 0.5]]), at: [[[900, -900], [800, -1000]]], dtype: .float32)
    expectClose(found.value, 900, tolerance: 1e-3)
    #expect(found.gradients[0].allSatisfy { $0.isFinite })
  }
}
