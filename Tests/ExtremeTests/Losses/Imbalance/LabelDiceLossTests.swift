import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

extension LabelDiceLoss: LabelLoss {
  init(temperature: Double, blockSize: Int?) { self.init(temperature: temperature) }
}

@Suite struct LabelDiceLossTests {
  static func equation(_ scores: [[Double]], _ positives: [[Int]]) -> (
    value: Double, gradient: [[Double]]
  ) {
    var value = 0.0
    var gradient = scores.map { $0.map { _ in 0.0 } }
    let rows = Double(scores.count)
    for (i, row) in scores.enumerated() {
      let wanted = Set(positives[i])
      let chances = row.map { $0 > 0 ? 1 / (1 + exp(-$0)) : exp($0) / (1 + exp($0)) }
      let matched = 2 * wanted.reduce(0) { $0 + chances[$1] } + 1
      let sizes = chances.reduce(0, +) + Double(wanted.count) + 1
      value += (1 - matched / sizes) / rows
      for j in row.indices {
        let slope = (matched / sizes - (wanted.contains(j) ? 2 : 0)) / sizes
        let distance = exp(-abs(row[j]))
        gradient[i][j] = slope * distance / (1 + distance) / (1 + distance) / rows
      }
    }
    return (value, gradient)
  }

  private let positives = CSRMatrix(rows: [[0, 2]], columnCount: 4)

  @Test func `right decisions have the loss 0, wrong ones almost 1`() throws {
    let loss = LabelDiceLoss(smoothing: 0.5)
    let right = try loss(scores: Tensor(rows: [[99.0, -99, 99, -99]]), positives: positives)
    expectClose(right.scalar, 0, tolerance: 1e-12)
    let wrong = try loss(scores: Tensor(rows: [[-99.0, 99, -99, 99]]), positives: positives)
    expectClose(wrong.scalar, 1 - 0.5 / 4.5, tolerance: 1e-12)
  }

  @Test func `adjustment discounts high probabilities, grade 0 leaves a label out`() throws {
    let loss = LabelDiceLoss(adjustment: 1)
    // p (1 − p) is 3/16 at both p of 1/4 and 3/4.
    let scores = Tensor(rows: [[log(3), -log(3.0), log(3), -log(3.0)]])
    let all = try loss(scores: scores, positives: positives)
    expectClose(all.scalar, 1 - (12.0 / 16 + 1) / (12.0 / 16 + 3), tolerance: 1e-12)
    let graded = CSRMatrix(
      rowOffsets: positives.rowOffsets, columns: positives.columns,
      values: MappedArray([1, 0] as [Float]), columnCount: 4)
    let one = try loss(scores: scores, positives: graded)
    expectClose(one.scalar, 1 - (6.0 / 16 + 1) / (9.0 / 16 + 2), tolerance: 1e-12)
  }

  @Test func `traps on smoothing 0`() async {
    await #expect(processExitsWith: .failure) {
      _ = try LabelDiceLoss(smoothing: 0)(
        scores: Tensor(rows: [[0.0, 1]]), positives: CSRMatrix(rows: [[0]], columnCount: 2))
    }
  }
}
