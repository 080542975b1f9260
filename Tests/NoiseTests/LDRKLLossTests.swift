import Foundation
import Noise
import TestSupport
import Testing
import Torch

@Suite struct LDRKLLossTests {
  @Test func `agrees with the authors`() throws {
    try ClassLossCases.agree(LDRKLLoss.self, cases: 5)
  }

  @Test(arguments: ScoreNormalization.allCases)
  func `keeps the laws of a mean over examples`(normalization: ScoreNormalization) throws {
    try ClassLossCases.keepsItsLaws(LDRKLLoss(temperature: 0.3, normalization: normalization))
  }

  private static func margins(_ scores: [[Double]], _ classes: [Int], _ margin: Double)
    -> [[Double]]
  {
    zip(scores, classes).map { row, own in
      row.indices.map { row[$0] - row[own] + ($0 == own ? 0 : margin) }
    }
  }

  @Test func `its limits are known losses`() throws {
    let (scores, classes) = (ClassLossCases.scores[0], ClassLossCases.classes)
    func terms(_ temperature: Double, _ margin: Double) throws -> [Double] {
      try ClassLossCases.terms(
        LDRKLLoss(temperature: temperature, margin: margin, normalization: .none), scores, classes)
    }
    expectClose(
      try terms(1, 0),
      zip(scores, classes).map { -log(ClassLossCases.softmax($0)[$1]) - log(4) }, tolerance: 1e-12)
    let margins = Self.margins(scores, classes, 0.7)
    // The hinge of Crammer and Singer, and the mean margin.
    let (hinges, means) = (margins.map { $0.max() ?? 0 }, margins.map(Loops.mean))
    expectClose(try terms(0, 0.7), hinges, tolerance: 1e-12)
    expectClose(try terms(1e-4, 0.7), hinges, tolerance: 1e-3)
    expectClose(try terms(.infinity, 0.7), means, tolerance: 1e-12)
    expectClose(try terms(1e6, 0.7), means, tolerance: 1e-6)
  }
}
