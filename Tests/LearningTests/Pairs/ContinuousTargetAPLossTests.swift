import Foundation
import Learning
import TestSupport
import Testing
import Torch

@Suite struct ContinuousTargetAPLossTests {
  @Test func agreesWithTheEquationsInPyTorch() throws {
    try expectGolden("ContinuousTargetAPLoss", count: 3) { given, inputs in
      try ContinuousTargetAPLoss(temperature: given["temperature"])(
        scores: #require(inputs["scores"]), targets: #require(inputs["targets"]))
    }
  }

  @Test func gradientsAreDifferencesWhateverTheBlock() throws {
    var random = SplitMix64(1)
    let scores = random.rows(3, 4)
    let targets = Tensor(rows: [[0.2, 1, 0, 0.5], [0, 0, 0, 0], [1, 1, 0, 0.3]])
    for blockSize in [nil, 1, 2] {
      let loss = ContinuousTargetAPLoss(temperature: 0.3, blockSize: blockSize)
      try expectDifferences([scores]) { try loss(scores: $0[0], targets: targets) }
    }
  }

  @Test func binaryTargetsGiveTheAveragePrecision() throws {
    // Relevant ones at ranks 1, 3 and 4 of 5, scores far apart.
    let scores = Tensor(rows: [[5.0, 4, 3, 2, 1]])
    let targets = Tensor(rows: [[1.0, 0, 1, 1, 0]])
    expectClose(
      try ContinuousTargetAPLoss()(scores: scores, targets: targets).scalar,
      1 - (1 + 2.0 / 3 + 3.0 / 4) / 3, tolerance: 1e-12)
  }

  @Test func theRightOrderIsZeroAndOnlyThat() throws {
    let targets = Tensor(rows: [[1.0, 0.7, 0.7, 0.2, 0]])
    let loss = ContinuousTargetAPLoss()
    expectClose(
      try loss(scores: Tensor(rows: [[9.0, 5, 6, 1, -3]]), targets: targets).scalar, 0,
      tolerance: 1e-12)
    let swapped = try loss(scores: Tensor(rows: [[9.0, 1, 6, 5, -3]]), targets: targets).scalar
    let worse = try loss(scores: Tensor(rows: [[-3.0, 5, 6, 1, 9]]), targets: targets).scalar
    #expect(swapped > 1e-3 && worse > swapped)
  }

  @Test func shiftsOfScoresAndScalesOfTargetsChangeNothing() throws {
    var random = SplitMix64(2)
    let scores = Tensor(rows: random.rows(2, 5))
    let targets = Tensor(random.doubles(10, in: 0...1), shape: [2, 5])
    let loss = ContinuousTargetAPLoss(temperature: 0.2)
    expectClose(
      try loss(scores: scores + 3, targets: targets * 0.1).scalar,
      try loss(scores: scores, targets: targets).scalar, tolerance: 1e-12)
  }

  @Test func noGradientReachesTheTargets() throws {
    let targets = Tensor(rows: [[1.0, 0.5]]).requiringGradient()
    let scores = Tensor(rows: [[0.1, 0.2]]).requiringGradient()
    let value = try ContinuousTargetAPLoss()(scores: scores, targets: targets)
    let slopes = try gradients(of: value, withRespectTo: [scores, targets])
    #expect(slopes[0] != nil && slopes[1] == nil)
  }

  @Test func staysFinite() throws {
    var random = SplitMix64(3)
    let targets = Tensor(rows: [[1e-20, 1, 0, 0.5], [0, 1e-3, 0, 0]])
    for scale in [1e-4, 1e4] {
      try expectFinite([Tensor(rows: random.rows(2, 4)) * scale]) {
        try ContinuousTargetAPLoss(temperature: 1e-3)(scores: $0[0], targets: targets)
      }
    }
    try expectNothing([Tensor(rows: [[1.0, 2]])]) {
      try ContinuousTargetAPLoss()(scores: $0[0], targets: .zeros([1, 2], dtype: .float64))
    }
    try expectNothing([Tensor.zeros([0, 3], dtype: .float64)]) {
      try ContinuousTargetAPLoss()(scores: $0[0], targets: .zeros([0, 3], dtype: .float64))
    }
  }

  @Test func survivesARoundTripThroughItsRecord() throws {
    try expectRoundTrip(ContinuousTargetAPLoss(temperature: 0.05, blockSize: 4))
  }
}
