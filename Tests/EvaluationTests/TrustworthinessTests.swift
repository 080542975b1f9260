import Evaluation
import TestSupport
import Testing
import Torch

@Suite struct TrustworthinessTests {
  private struct Case: Decodable {
    var vectors: [[Double]]
    var points: [[Double]]
    var neighbours: Int
    var value: Double
  }

  @Test func `agrees with loops in Python`() throws {
    let cases = try Golden<Case>("Trustworthiness").cases
    #expect(cases.count == 2)
    for example in cases {
      let value = Trustworthiness(neighbours: example.neighbours)(
        of: example.points.map { PlanePoint(x: $0[0], y: $0[1]) },
        vectors: Tensor(rows: example.vectors))
      expectClose(value, example.value)
    }
  }

  @Test func `a faithful map scores 1`() {
    let rows = (0..<9).map { [Double($0 * $0), Double($0)] }
    let points = rows.map { PlanePoint(x: $0[0], y: $0[1]) }
    #expect(Trustworthiness(neighbours: 3)(of: points, vectors: Tensor(rows: rows)) == 1)
    #expect(
      Trustworthiness()(of: Array(points.prefix(2)), vectors: Tensor(rows: Array(rows.prefix(2))))
        == 1)
    #expect(Trustworthiness()(of: [], vectors: .zeros([0, 2])) == 1)
  }
}
