import Evaluation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct AlignmentTests {
  private struct Case: Decodable {
    let exponent: Double
    let first: [[Double]]
    let second: [[Double]]
    let value: Double
  }

  @Test func `agrees with PyTorch`() throws {
    let cases = try Golden<Case>("Alignment").cases
    #expect(cases.count == 3)
    for found in cases {
      let value = try Alignment(exponent: found.exponent)(
        first: Tensor(rows: found.first), second: Tensor(rows: found.second))
      expectClose(value, found.value, tolerance: 1e-12)
    }
  }

  @Test func `opposite pairs give 4, equal or no pairs 0`() throws {
    let rows = Tensor(rows: [[1.0, 2], [3, -1]])
    expectClose(try Alignment()(first: rows, second: rows * -3), 4, tolerance: 1e-12)
    expectClose(try Alignment()(first: rows, second: rows * 3), 0, tolerance: 1e-12)
    #expect(try Alignment()(first: .zeros([0, 2]), second: .zeros([0, 2])) == 0)
    #expect(throws: ValueError.self) {
      try Alignment()(first: .zeros([2, 2]), second: .zeros([1, 2]))
    }
  }
}
