import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

extension LabelALDRKLLoss: LabelLoss {
  init(temperature: Double, blockSize: Int?) { self.init(temperature: temperature) }
}

@Suite struct LabelALDRKLLossTests {
  static func equation(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) {
    var value = 0.0
    var gradient = scores.map { $0.map { _ in 0.0 } }
    let rows = Double(positives.filter { !$0.isEmpty }.count)
    func logSumExp(_ values: [Double]) -> Double {
      let peak = values.max() ?? 0
      return peak + log(values.reduce(0) { $0 + exp($1 - peak) })
    }
    for (i, row) in scores.enumerated() {
      let count = log(Double(row.count))
      var lambda = 1.0
      for _ in 0..<3 {
        let total = logSumExp(row.map { $0 / lambda })
        let divergence = row.reduce(count) { sum, score in
          let log = score / lambda - total
          return sum + exp(log) * log
        }
        lambda = 1 - divergence / (2 * count)
      }
      let wanted = Set(positives[i])
      let others = row.indices.filter { !wanted.contains($0) }
      for p in wanted {
        let weight = 1 / (rows * Double(wanted.count))
        let all = logSumExp([row[p] / lambda] + others.map { (row[$0] + 1) / lambda })
        value += weight * lambda * (all - row[p] / lambda - log(Double(others.count + 1)))
        value -= weight * count * (lambda - 1) * (lambda - 1)
        gradient[i][p] += weight * expm1(row[p] / lambda - all)
        for j in others { gradient[i][j] += weight * exp((row[j] + 1) / lambda - all) }
      }
    }
    return (value, gradient)
  }

  @Test func `equal scores have the largest temperature, far ones the lowest`() throws {
    // Three labels of score 0: KL 0 and λ = λ₀.
    let loss = LabelALDRKLLoss(reference: 2, margin: 0.5)
    let positives = CSRMatrix(rows: [[1]], columnCount: 3)
    let equal = try loss(scores: Tensor(rows: [[0.0, 0, 0]]), positives: positives).scalar
    expectClose(equal, 2 * log((1 + 2 * exp(0.25)) / 3), tolerance: 1e-12)
    // KL log 3: λ = λ₀ (1 − 1 / α) = 1, and the bend 2 log 3 (1 − 2)² / (2 · 2).
    let sure = try loss(scores: Tensor(rows: [[0.0, 1000, 0]]), positives: positives).scalar
    expectClose(sure, -log(3.0) - log(3.0) / 2, tolerance: 1e-9)
  }

  @Test func `traps on adaptivity 1`() async {
    await #expect(processExitsWith: .failure) {
      _ = try LabelALDRKLLoss(adaptivity: 1)(
        scores: Tensor(rows: [[0.0, 1]]), positives: CSRMatrix(rows: [[0]], columnCount: 2))
    }
  }
}
