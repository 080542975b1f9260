import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct EarlyLearningTermTests {
  /// The targets are those of a first step.
  static let terms: RobustEquation.Terms = { logs in
    logs.map { log in
      let agreement = exp(log) * min(0.9999, 0.3 * exp(log))
      return (-log + 3 * log1p(-agreement), 1 + 3 * agreement / (1 - agreement))
    }
  }

  @Test func `matches PyTorch`() throws {
    try LabelLossChecks.agreesWithTheGolden(
      RobustLoss<DecoupledSoftmaxLoss, EarlyLearningTerm>.self, named: "EarlyLearningTerm")
  }

  @Test func `targets follow probabilities from step to step`() throws {
    let labels = CSRMatrix(rows: [[0, 2], [], [1], [2, 0]], columnCount: 3)
    let memory = TargetMemory(of: labels)
    let loss = RobustLoss(BinaryCrossEntropyLoss(temperature: 1), EarlyLearningTerm())
    let queries = Tensor(rows: [[0.5], [-1]])
    let vectors = Tensor(rows: [[1.0], [2], [-1]])
    func step() throws -> Double {
      try loss(
        queries: queries, labels: vectors, bias: nil, positives: labels.selecting(rows: [3, 2]),
        offset: nil, memory: memory, rows: [3, 2]
      ).scalar
    }
    func sigmoid(_ z: Double) -> Double { 1 / (1 + exp(-z)) }
    let first = try step()
    // Row 3 names label 2 first; rows 0 and 1 were in no batch.
    let chances = [sigmoid(-0.5), sigmoid(0.5)]
    let expected = [0, 0, sigmoid(-2), chances[0], chances[1]]
    expectClose(memory.values.doubles(), expected.map { 0.3 * $0 }, tolerance: 1e-12)
    let second = try step()
    expectClose(memory.values.doubles(), expected.map { 0.51 * $0 }, tolerance: 1e-12)
    // Σ over the three pairs, over the two documents of the batch.
    func term(_ share: Double, _ q: Double) -> Double { 3 * log1p(-share * q * q) / 2 }
    let all = [sigmoid(-2), chances[0], chances[1]]
    let change = all.map { term(0.51, $0) - term(0.3, $0) }.reduce(0, +)
    expectClose(second - first, change, tolerance: 1e-12)
  }

  @Test func `targets of other documents are refused`() throws {
    let memory = TargetMemory(of: CSRMatrix(rows: [[0, 1]], columnCount: 2))
    try memory.restore(Tensor([0.25, 0.5]))
    #expect(memory.values.doubles() == [0.25, 0.5])
    #expect(throws: ValueError.self) { try memory.restore(Tensor([0.25])) }
  }

  @Test func `traps on momentum 1`() async {
    await #expect(processExitsWith: .failure) {
      let term = EarlyLearningTerm(momentum: 1)
      _ = term(logProbabilities: Tensor([-1.0]), targets: Tensor([0.5]))
    }
  }
}
