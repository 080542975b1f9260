import Evaluation
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct UniformityTests {
  private struct Case: Decodable {
    let scale: Double
    let embeddings: [[Double]]
    let value: Double
  }

  @Test func `agrees with pairwise distances in PyTorch`() throws {
    let cases = try Golden<Case>("Uniformity").cases
    #expect(cases.count == 3)
    for found in cases {
      expectClose(
        try Uniformity(scale: found.scale)(embeddings: Tensor(rows: found.embeddings)), found.value,
        tolerance: 1e-12)
    }
  }

  @Test func `opposite points give the minimum, equal ones 0`() throws {
    expectClose(
      try Uniformity()(embeddings: Tensor(rows: [[1.0, 1], [-2, -2]])), -8, tolerance: 1e-12)
    expectClose(try Uniformity()(embeddings: .ones([5, 3])), 0, tolerance: 1e-12)
    #expect(try Uniformity()(embeddings: .ones([1, 3])) == 0)
    #expect(throws: ValueError.self) { try Uniformity()(embeddings: .ones([3])) }
  }

  @Test func `sums many rows block by block`() throws {
    // 700 points of two opposite directions: 349 others at distance 0, 350 at 4.
    let rows = (0..<700).map { [$0 % 2 == 0 ? 1.0 : -1, 0] }
    expectClose(
      try Uniformity()(embeddings: Tensor(rows: rows)), log((349 + 350 * exp(-8)) / 699),
      tolerance: 1e-12)
  }
}
