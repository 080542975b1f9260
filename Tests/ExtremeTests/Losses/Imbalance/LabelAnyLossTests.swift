import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

extension LabelAnyLoss: LabelLoss {
  init(temperature: Double, blockSize: Int?) { self.init(temperature: temperature) }
}

@Suite struct LabelAnyLossTests {
  static func equation(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) {
    let wanted = positives.map(Set.init)
    func sigmoid(_ z: Double) -> Double { z > 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z)) }
    let chances = scores.map { $0.map(sigmoid) }
    let decisions = chances.map { $0.map { sigmoid(73 * ($0 - 0.5)) } }
    var (matched, total) = (0.0, Double(wanted.reduce(0) { $0 + $1.count }))
    for (i, row) in decisions.enumerated() {
      for (j, decision) in row.enumerated() {
        total += decision
        if wanted[i].contains(j) { matched += 2 * decision }
      }
    }
    let gradient = scores.indices.map { i in
      scores[i].indices.map { j in
        let slope = (matched / total - (wanted[i].contains(j) ? 2 : 0)) / total
        let (a, p) = (decisions[i][j], chances[i][j])
        return slope * 73 * a * (1 - a) * p * (1 - p)
      }
    }
    return (1 - matched / total, gradient)
  }

  @Test func `is one minus the F1 of sure decisions`() throws {
    // Two right of three decided, of three wanted.
    let scores = Tensor(rows: [[99.0, -99, 99], [-99, 99, -99]])
    let positives = CSRMatrix(rows: [[0, 1], [1]], columnCount: 3)
    expectClose(
      try LabelAnyLoss()(scores: scores, positives: positives).scalar, 1 - 4.0 / 6,
      tolerance: 1e-12)
  }

  @Test func `traps on amplification 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = try LabelAnyLoss(amplification: 0)(
        scores: Tensor(rows: [[0.0, 1]]), positives: CSRMatrix(rows: [[0]], columnCount: 2))
    }
  }
}
