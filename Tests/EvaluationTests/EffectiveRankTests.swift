import Evaluation
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct EffectiveRankTests {
  private struct Case: Decodable {
    var vectors: [[Double]]
    var value: Double
  }

  @Test func `agrees with NumPy`() throws {
    let cases = try Golden<Case>("EffectiveRank").cases
    #expect(cases.count == 3)
    for example in cases {
      expectClose(try EffectiveRank()(of: Tensor(rows: example.vectors)), example.value)
    }
  }

  @Test func `equal singular values give their number`() throws {
    expectClose(try EffectiveRank()(of: 3 * Tensor.identity(4, dtype: .float64)), 4)
    expectClose(try EffectiveRank()(of: Tensor.ones([5, 3], dtype: .float64)), 1, tolerance: 1e-6)
  }

  @Test func `one of singular values 3 and 1 is worked out by hand`() throws {
    let entropy = -(0.75 * log(0.75) + 0.25 * log(0.25))
    expectClose(try EffectiveRank()(of: Tensor(rows: [[3.0, 0], [0, -1]])), exp(entropy))
  }

  @Test func `nothing has no rank`() throws {
    #expect(try EffectiveRank()(of: .zeros([0, 3])) == 0)
    #expect(try EffectiveRank()(of: .zeros([4, 3])) == 0)
    #expect(throws: InputError.self) { try EffectiveRank()(of: Tensor(rows: [[Double.infinity]])) }
  }
}
