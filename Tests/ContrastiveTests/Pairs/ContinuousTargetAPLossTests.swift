import Contrastive
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ContinuousTargetAPLossTests {
  @Test func `agrees with the equations in PyTorch`() throws {
    try expectGolden("ContinuousTargetAPLoss", count: 3) { given, inputs in
      try ContinuousTargetAPLoss(temperature: given["temperature"])(
        scores: #require(inputs["scores"]), targets: #require(inputs["targets"]))
    }
  }

  @Test func `binary targets give the average precision`() throws {
    // Relevant ones at ranks 1, 3 and 4 of 5, scores far apart.
    let scores = Tensor(rows: [[5.0, 4, 3, 2, 1]])
    let targets = Tensor(rows: [[1.0, 0, 1, 1, 0]])
    expectClose(
      try ContinuousTargetAPLoss()(scores: scores, targets: targets).scalar,
      1 - (1 + 2.0 / 3 + 3.0 / 4) / 3, tolerance: 1e-12)
  }

  @Test func `only the right order gives zero loss`() throws {
    let targets = Tensor(rows: [[1.0, 0.7, 0.7, 0.2, 0]])
    let loss = ContinuousTargetAPLoss()
    expectClose(
      try loss(scores: Tensor(rows: [[9.0, 5, 6, 1, -3]]), targets: targets).scalar, 0,
      tolerance: 1e-12)
    let swapped = try loss(scores: Tensor(rows: [[9.0, 1, 6, 5, -3]]), targets: targets).scalar
    let worse = try loss(scores: Tensor(rows: [[-3.0, 5, 6, 1, 9]]), targets: targets).scalar
    #expect(swapped > 1e-3 && worse > swapped)
  }
}
