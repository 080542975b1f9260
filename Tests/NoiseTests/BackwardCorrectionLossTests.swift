import Foundation
import Noise
import Storage
import TestSupport
import Testing
import Torch

@Suite struct BackwardCorrectionLossTests {
  @Test func `agrees with PyTorch`() throws {
    try ClassLossCases.agree(BackwardCorrectionLoss.self, cases: 3)
  }

  @Test func `keeps the laws of a mean over examples`() throws {
    try ClassLossCases.keepsItsLaws(
      BackwardCorrectionLoss(transition: .symmetric(classes: 4, rate: 0.3)))
  }

  /// Patrini and others, theorem 1.
  @Test func `its mean over the noise is the clean loss`() throws {
    let rows = [[0.7, 0.1, 0.2, 0], [0.05, 0.8, 0.05, 0.1], [0, 0, 1, 0], [0.3, 0.3, 0.1, 0.3]]
    let loss = BackwardCorrectionLoss(transition: try TransitionMatrix(rows: rows))
    let scores = ClassLossCases.scores[0][0]
    let given = try (0..<4).map { try ClassLossCases.terms(loss, [scores], [$0])[0] }
    for (own, noise) in rows.enumerated() {
      expectClose(
        zip(noise, given).reduce(0) { $0 + $1.0 * $1.1 },
        -log(ClassLossCases.softmax(scores)[own]), tolerance: 1e-12)
    }
  }

  @Test(
    arguments: [
      [[0, 1], [1, 0]], [[0, 0.4, 0.6], [0.9, 0.1, 0], [0.3, 0, 0.7]],
    ] as [[[Double]]])
  func `a matrix with a zero on the diagonal has its inverse`(rows: [[Double]]) throws {
    let inverse = try TransitionMatrix(rows: rows).inverse()
    for (row, values) in rows.enumerated() {
      let product = rows.indices.map { column in
        values.indices.reduce(0) { $0 + values[$1] * inverse[$1][column] }
      }
      expectClose(product, rows.indices.map { $0 == row ? 1 : 0 }, tolerance: 1e-12)
    }
  }

  @Test func `a singular matrix is refused`() throws {
    let loss = BackwardCorrectionLoss(transition: .symmetric(classes: 2, rate: 0.5))
    #expect(throws: ValueError.self) {
      try loss(scores: Tensor(rows: [[0.0, 1]]), classes: [1])
    }
  }
}
