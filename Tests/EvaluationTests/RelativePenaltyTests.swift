import Evaluation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct RelativePenaltyTests {
  private struct Case: Decodable {
    let temperature: Double
    let queries: [[Double]]
    let keys: [[Double]]
    let shares: [[Double]]
    let effective: Double
  }

  @Test func `agrees with the cross-entropy gradient of PyTorch`() throws {
    let cases = try Golden<Case>("RelativePenalty").cases
    #expect(cases.count == 3)
    for found in cases {
      let (queries, keys) = (Tensor(rows: found.queries), Tensor(rows: found.keys))
      let penalty = RelativePenalty(temperature: found.temperature)
      expectClose(
        try penalty(queries: queries, keys: keys), Tensor(rows: found.shares), tolerance: 1e-9)
      expectClose(
        try penalty.effectiveNegatives(queries: queries, keys: keys), found.effective,
        tolerance: 1e-9)
    }
  }

  @Test func `low temperature keeps the hardest negative, high keeps all`() throws {
    let rows = Tensor(rows: [[1.0, 0], [0.9, 0.1], [0, 1], [-1, 0.3]])
    let cold = RelativePenalty(temperature: 1e-3)
    expectClose(try cold.effectiveNegatives(queries: rows, keys: rows), 1, tolerance: 1e-9)
    expectClose(
      try cold(queries: rows, keys: rows)[0].doubles(), [0, 1, 0, 0], tolerance: 1e-12)
    let hot = RelativePenalty(temperature: 1e6)
    expectClose(try hot.effectiveNegatives(queries: rows, keys: rows), 3, tolerance: 1e-9)
    #expect(throws: ValueError.self) { try cold(queries: rows, keys: rows[0..<2]) }
  }
}
