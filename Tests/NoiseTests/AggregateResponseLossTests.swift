import Foundation
import Noise
import Storage
import TestSupport
import Testing
import Torch

@Suite struct AggregateResponseLossTests {
  private struct Options: Decodable {
    let instanceWeight: Double
    let kind: AggregateResponseLoss.Kind
    let sizes: [Int]
    let responses: [Double]
  }

  private static func loss(
    _ weight: Double, _ kind: AggregateResponseLoss.Kind, _ sizes: [Int], _ responses: [Double]
  ) -> PairLoss {
    {
      try AggregateResponseLoss(instanceWeight: weight, kind: kind)(
        predictions: $0[0].squeezed(along: 1), bags: Bags(sizes: sizes), responses: responses)
    }
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("AggregateResponseLoss", Options.self, cases: 6) {
      Self.loss($0.instanceWeight, $0.kind, $0.sizes, $0.responses)
    }
  }

  @Test(arguments: [0.0, 0.4, 1])
  func `instance loss is the bag loss and the variance within bags`(weight: Double) throws {
    let (sizes, responses) = ([2, 5, 1], [0.3, -1, 2])
    let inputs = PairLossChecks.matrices([(8, 1)], seed: 3)
    let numbers = inputs[0].map { $0[0] }
    let bags = Bags(sizes: sizes)
    var expected = 0.0
    for (rows, response) in zip(bags.rows, responses) {
      let mean = Loops.mean(rows.map { numbers[$0] })
      expected += Double(rows.count) * (response - mean) * (response - mean)
      expected += weight * rows.reduce(0) { $0 + (numbers[$1] - mean) * (numbers[$1] - mean) }
    }
    expectClose(
      try PairLossChecks.result(of: Self.loss(weight, .squared, sizes, responses), at: inputs)
        .value, expected / 8, tolerance: 1e-12)
  }

  @Test(arguments: AggregateResponseLoss.Kind.allCases)
  func `gradients match differences`(kind: AggregateResponseLoss.Kind) throws {
    try PairLossChecks.gradientsMatchDifferences(
      at: PairLossChecks.matrices([(7, 1)], seed: 4),
      Self.loss(0.3, kind, [3, 4], [0.2, 0.75]))
  }

  @Test func `rows of a bag need not be consecutive`() throws {
    let loss = AggregateResponseLoss(instanceWeight: 0.5)
    let numbers = [0.5, -1, 2, 3, 0.25]
    let scattered = try loss(
      predictions: Tensor(numbers), bags: Bags(rows: [[3, 0], [1, 4, 2]]), responses: [1, 2])
    let sorted = try loss(
      predictions: Tensor([3, 0.5, -1, 0.25, 2]), bags: Bags(sizes: [2, 3]), responses: [1, 2])
    expectClose(scattered, sorted, tolerance: 1e-14)
  }

  @Test func `stays finite at extreme logits`() throws {
    let inputs = [[[900.0], [-900], [-800], [-900], [800], [0]]]
    for weight in [0.0, 1] {
      for dtype in [DType.float64, .float32] {
        let found = try PairLossChecks.result(
          of: Self.loss(weight, .logistic, [1, 3, 2], [0, 0.5, 1]), at: inputs, dtype: dtype)
        #expect(found.value.isFinite && found.gradients[0].allSatisfy { $0.isFinite })
      }
    }
  }

  @Test func `noise of private responses has the scale of the mechanism`() throws {
    var random = SplitMix64(1)
    let mechanism = AggregateResponseLoss.PrivateMeans(bound: 2, epsilon: 0.5)
    let bags = Bags(sizes: [Int](repeating: 4, count: 20_000))
    // Responses beyond the bound count as it.
    let means = mechanism(
      [Double](repeating: 5, count: 80_000), bags: bags, using: &random)
    let noise = means.map { $0 - 2 }
    expectClose(mechanism.noiseScale(bagSize: 4), 2 * 2 / (4 * 0.5))
    expectClose(Loops.mean(noise), 0, tolerance: 0.08)
    // The mean magnitude of a Laplace variable is its scale.
    expectClose(Loops.mean(noise.map(abs)), 2, tolerance: 0.03)
    expectClose(Loops.mean(noise.map { $0 * $0 }), 8, tolerance: 0.06)
  }

  @Test func `traps on a bag without a response`() async {
    await #expect(processExitsWith: .failure) {
      _ = try AggregateResponseLoss(instanceWeight: 0.5)(
        predictions: .ones([3]), bags: Bags(sizes: [2, 1]), responses: [1])
    }
  }

  @Test func `traps on rows in two bags`() async {
    await #expect(processExitsWith: .failure) { _ = Bags(rows: [[0, 1], [1]]) }
  }
}
