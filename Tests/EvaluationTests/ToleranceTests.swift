import Evaluation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ToleranceTests {
  private struct Case: Decodable {
    let classes: [Int]
    let embeddings: [[Double]]
    let value: Double
  }

  @Test func `agrees with loops over pairs`() throws {
    let cases = try Golden<Case>("Tolerance").cases
    #expect(cases.count == 3)
    for found in cases {
      expectClose(
        try Tolerance()(embeddings: Tensor(rows: found.embeddings), classes: found.classes),
        found.value,
        tolerance: 1e-12)
    }
  }

  @Test func `coinciding classes give 1, singletons are ignored`() throws {
    let rows = Tensor(rows: [[1.0, 0], [0, 2], [3, 0], [0, 4], [5, 5]])
    expectClose(try Tolerance()(embeddings: rows, classes: [0, 1, 0, 1, 2]), 1, tolerance: 1e-12)
    expectClose(try Tolerance()(embeddings: rows, classes: [0, 0, 1, 2, 3]), 0, tolerance: 1e-12)
    #expect(try Tolerance()(embeddings: rows, classes: [0, 1, 2, 3, 4]) == 0)
    #expect(throws: ValueError.self) { try Tolerance()(embeddings: rows, classes: [0]) }
  }
}
