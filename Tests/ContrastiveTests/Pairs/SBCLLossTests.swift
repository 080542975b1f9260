import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct SBCLLossTests {
  private struct Options: Decodable {
    let classes: [Int]
    let subclasses: [Int]
    let temperature: Double
    let classWeight: Double
    let classTemperatures: [Double]?
  }

  private static func loss(
    _ classes: [Int], _ subclasses: [Int], temperature: Double = 0.5, weight: Double = 0.25,
    temperatures: [Double]? = nil
  ) -> PairLoss {
    {
      try SBCLLoss(temperature: temperature, classWeight: weight)(
        first: $0[0], second: $0[1], classes: classes, subclasses: subclasses,
        classTemperatures: temperatures)
    }
  }

  private static let classes = [7, 7, 7, 7, 2, -1]
  private static let subclasses = [1, 0, 1, 0, 0, 1]
  private static let views = PairLossChecks.matrices([(6, 3), (6, 3)], seed: 32)

  @Test(arguments: [0.05, 0.5], [0.0, 2])
  func `matches the equation`(temperature: Double, weight: Double) throws {
    let rows = Self.views[0] + Self.views[1]
    let temperatures = [0.3, 0.3, 0.3, 0.3, 0.7, 0.2]
    let terms = rows.indices.map { i in
      let cosines = rows.map { Loops.cosine(rows[i], $0) }
      let others = rows.indices.filter { $0 != i }
      let partner = (i + 6) % 12
      let company = others.filter { Self.classes[$0 % 6] == Self.classes[i % 6] }
      let near = company.filter { Self.subclasses[$0 % 6] == Self.subclasses[i % 6] }
      let related = company.filter { !near.contains($0) } + [partner]
      let candidates = others.filter { !near.contains($0) } + [partner]
      let own = temperatures[i % 6]
      let within =
        Loops.logSumExp(others.map { cosines[$0] / temperature })
        - Loops.mean(near.map { cosines[$0] / temperature })
      let among =
        Loops.logSumExp(candidates.map { cosines[$0] / own })
        - Loops.mean(related.map { cosines[$0] / own })
      return within + weight * among
    }
    let found = try PairLossChecks.result(
      of: Self.loss(
        Self.classes, Self.subclasses, temperature: temperature, weight: weight,
        temperatures: temperatures), at: Self.views)
    expectClose(found.value, Loops.mean(terms), tolerance: 1e-12)
  }

  @Test func `agrees with PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("SBCLLoss", Options.self, cases: 3) {
      Self.loss(
        $0.classes, $0.subclasses, temperature: $0.temperature, weight: $0.classWeight,
        temperatures: $0.classTemperatures)
    }
  }

  @Test func `equal rows give the chance level`() throws {
    let equal = [[Double]](repeating: [1, 2], count: 6)
    // All are one class in two subclasses of 3: 11 others, and 6 + 1 outside one's subclass.
    let found = try PairLossChecks.result(
      of: Self.loss([0, 0, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1], weight: 2), at: [equal, equal])
    expectClose(found.value, log(11) + 2 * log(7), tolerance: 1e-12)
  }
}
