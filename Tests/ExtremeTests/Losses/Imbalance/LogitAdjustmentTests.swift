import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

/// Counts of labels with the numbers that follow from them.
struct CountsCase: Decodable {
  let counts: [Int]
  let strength: Double
  let values: [Double]
}

@Suite struct LogitAdjustmentTests {
  @Test func `matches PyTorch`() throws {
    for found in try Golden<CountsCase>("LogitAdjustment").cases {
      let offsets = LogitAdjustment(strength: found.strength).offsets(counts: found.counts)
      #expect(offsets.dtype == .float32)
      expectClose(offsets.doubles(), found.values, tolerance: 1e-6)
    }
  }

  @Test func `strength 0 changes no loss, equal counts change none either`() throws {
    expectClose(
      LogitAdjustment(strength: 0).offsets(counts: [1, 5]).doubles(), [0, 0], tolerance: 0)
    let example = LabelCase.random(seed: 3, temperature: 0.5)
    var adjusted = example
    let offsets = LogitAdjustment().offsets(counts: example.bias.map { _ in 4 }).doubles()
    adjusted.bias = zip(example.bias, offsets).map { $0 + $1 }
    expectClose(
      try adjusted.streamed(DecoupledSoftmaxLoss.self),
      try example.streamed(DecoupledSoftmaxLoss.self), tolerance: 1e-9)
  }

  @Test func `traps on a negative strength`() async {
    await #expect(processExitsWith: .failure) {
      _ = LogitAdjustment(strength: -1).offsets(counts: [1])
    }
  }
}
