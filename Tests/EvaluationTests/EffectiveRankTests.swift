import Evaluation
import Foundation
import Storage
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

  @Test func `equal singular values give their count`() throws {
    expectClose(try EffectiveRank()(of: 3 * Tensor.identity(4, dtype: .float64)), 4)
    expectClose(try EffectiveRank()(of: Tensor.ones([5, 3], dtype: .float64)), 1, tolerance: 1e-6)
  }

  @Test func `singular values 3 and 1 match the value by hand`() throws {
    let entropy = -(0.75 * log(0.75) + 0.25 * log(0.25))
    expectClose(try EffectiveRank()(of: Tensor(rows: [[3.0, 0], [0, -1]])), exp(entropy))
  }

  @Test func `empty and zero matrices have rank 0`() throws {
    #expect(try EffectiveRank()(of: .zeros([0, 3])) == 0)
    #expect(try EffectiveRank()(of: .zeros([4, 3])) == 0)
    #expect(throws: ValueError.self) { try EffectiveRank()(of: Tensor(rows: [[Double.infinity]])) }
  }
}
