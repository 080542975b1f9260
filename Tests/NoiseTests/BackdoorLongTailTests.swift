import Foundation
import Noise
import Storage
import TestSupport
import Testing
import Torch

@Suite struct BackdoorLongTailTests {
  private struct Options: Decodable {
    let combines: BackdoorLongTail.Combination?
    let classes: [Int]?
    let counts: [Int]?
    let prior: [Double]?
  }

  @Test func `averages, losses and priors agree with the equations`() throws {
    let golden = try Golden<PairCase<Options>>("BackdoorLongTail")
    #expect(golden.cases.count == 8)
    for (index, example) in golden.cases.enumerated() {
      let options = example.options
      if let prior = options.prior {
        let found = try BackdoorLongTail.pretrainingPrior(
          logits: Tensor(rows: example.inputs[0]), classes: options.classes ?? [])
        expectClose(found, prior, tolerance: 1e-5, "case \(index)")
        continue
      }
      let result = try PairLossChecks.result(
        of: { inputs in
          if let combines = options.combines {
            let shares = try BackdoorLongTail(combines: combines)(Array(inputs.dropLast()))
            return (shares * inputs[inputs.count - 1]).sum()
          }
          return try BackdoorLongTail.adjustedLoss(
            inputs[0], classes: Tensor((options.classes ?? []).map(Int64.init)),
            counts: options.counts ?? [])
        }, at: example.inputs)
      expectClose(result.value, example.value, tolerance: 1e-11, "case \(index)")
      for (slope, expected) in zip(result.gradients, example.gradients) {
        expectClose(
          slope, Array(expected.joined()), tolerance: 1e-11, "case \(index), gradient")
      }
    }
  }

  @Test func `probabilities sum to 1, and one sure model outweighs in logits`() throws {
    let models = [Tensor(rows: [[10.0, 0]]), Tensor(rows: [[0.0, 3]])]
    for combines in BackdoorLongTail.Combination.allCases {
      let found = try BackdoorLongTail(combines: combines)(models)
      expectClose(found.sum().scalar, 1)
    }
    #expect(try BackdoorLongTail()(models).doubles()[0] > 0.95)
    #expect(try BackdoorLongTail(combines: .probabilities)(models).doubles()[0] < 0.6)
  }

  @Test func `the prior of a model that knows its classes by their shares is found`() throws {
    // Features say nothing: the logits are the logarithms of the shares.
    let shares = [0.6, 0.3, 0.1]
    let logits = Tensor(
      rows: (0..<9).map { _ in shares.map { log($0) } })
    let found = try BackdoorLongTail.pretrainingPrior(
      logits: logits, classes: (0..<9).map { $0 % 3 })
    expectClose(found, shares, tolerance: 1e-9)
  }

  @Test func `a class without a row is refused`() {
    #expect {
      try BackdoorLongTail.pretrainingPrior(logits: Tensor(rows: [[1.0, 2]]), classes: [0])
    } throws: { "\($0)".contains("class 1 has no row") }
  }
}
