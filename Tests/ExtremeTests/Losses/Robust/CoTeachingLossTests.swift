import Extreme
import Foundation
import Kernels
import Storage
import TestSupport
import Testing
import Torch

extension CoTeachingLoss: LabelLoss where Base: ProbabilityLoss {
  init(temperature: Double, blockSize: Int?) {
    self.init(Base(temperature: temperature, blockSize: blockSize))
  }

  func callAsFunction(scores: Tensor, positives: CSRMatrix) throws -> Tensor {
    try checked {
      let cells = PositiveCells(ofScores: scores, positives)
      let (logs, weights, rest) = Base.composed(scores, cells)
      let kept = Tensor.zeros(like: weights)
      let count = Int((Double(cells.count) * 0.8).rounded(.up))
      if count > 0 { kept.setElementsInPlace(at: logs.detached().largest(count).indices, to: 1) }
      let share = (weights * kept).sum().clamped(from: 1e-9)
      return rest - (logs * weights * kept).sum() * (weights.sum() / share)
    }
  }
}

@Suite struct CoTeachingLossTests {
  /// Each positive's term has the factor 0, or that of the weights that are left.
  static let equation: Equation = { scores, positives in
    let rows = Double(positives.filter { !$0.isEmpty }.count)
    let weights = positives.flatMap { row in
      Set(row).map { _ in 1 / (rows * Double(Set(row).count)) }
    }
    let softmax = RobustEquation.softmax { logs in
      let count = Int((Double(logs.count) * 0.8).rounded(.up))
      let order = logs.indices.sorted { logs[$0] > logs[$1] }
      let kept = Set(order.prefix(count))
      let left = kept.reduce(0) { $0 + weights[$1] }
      let factor = weights.reduce(0, +) / left
      return logs.indices.map { kept.contains($0) ? (-logs[$0] * factor, factor) : (0, 0) }
    }
    return softmax(scores, positives)
  }

  @Test func `matches PyTorch`() throws {
    try LabelLossChecks.agreesWithTheGolden(
      CoTeachingLoss<DecoupledSoftmaxLoss>.self, named: "CoTeachingLoss")
  }

  @Test func `each model learns from the positives that the other believes`() throws {
    let loss = CoTeachingLoss(BinaryCrossEntropyLoss(temperature: 1), forgetRate: 0.5)
    let positives = CSRMatrix(rows: [[0, 1]], columnCount: 2)
    let vectors = Tensor(rows: [[1.0, 0], [0, 1]])
    // The first model believes label 0, the second one label 1.
    let queries = [[2.0, -2], [-1, 1]].map { Tensor(rows: [$0]).requiringGradient() }
    let selections = queries.map { _ in SmallLossSelection() }
    let losses = try queries.indices.map { model in
      try loss(
        queries: queries[model], labels: vectors, bias: nil, positives: positives, offset: nil,
        choosing: selections[model], learningFrom: selections[1 - model])
    }
    // The weights of both labels are 1: the one that is left counts twice.
    func pull(_ score: Double) -> Double { -2 / (1 + exp(score)) }
    expectClose(
      try gradients(of: losses[0], withRespectTo: [queries[0]])[0],
      Tensor(rows: [[0, pull(-2)]]), tolerance: 1e-12)
    expectClose(
      try gradients(of: losses[1], withRespectTo: [queries[1]])[0],
      Tensor(rows: [[pull(-1), 0]]), tolerance: 1e-12)
  }

  @Test func `traps on forget rate 1`() async {
    await #expect(processExitsWith: .failure) {
      _ = try CoTeachingLoss(BinaryCrossEntropyLoss(), forgetRate: 1)(
        queries: .zeros([1, 1]), labels: .zeros([2, 1]), bias: nil,
        positives: CSRMatrix(rows: [[0]], columnCount: 2), offset: nil)
    }
  }
}
