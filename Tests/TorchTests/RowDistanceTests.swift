import Foundation
import TestSupport
import Testing
import Torch

@Suite struct RowDistanceTests {
  @Test func `distances and gradients match values by hand`() throws {
    let x = Tensor(rows: [[0.0, 0], [3, 4], [1, 1]]).requiringGradient()
    let y = Tensor(rows: [[0.0, 0], [3, 0]])
    let distances = x.distances(to: y)
    expectClose(
      distances, Tensor(rows: [[0.0, 3], [5, 4], [sqrt(2.0), sqrt(5.0)]]))
    // The unit vectors from y to x; none where both are one point.
    let slope = try gradients(of: distances.sum(), withRespectTo: [x])[0]
    expectClose(
      slope,
      Tensor(rows: [
        [-1.0, 0], [0.6, 1.8],
        [sqrt(0.5) - 2 / sqrt(5.0), sqrt(0.5) + 1 / sqrt(5.0)],
      ]))
  }

  @Test func `counts sorted values below a bound`() {
    let sorted = Tensor(rows: [[1.0, 2, 2, .infinity], [0, 5, 6, 7]])
    let values = Tensor(rows: [[2.0, 0], [5, 9]])
    #expect(sorted.countsBelow(values).array(of: Int.self) == [1, 0, 1, 4])
    #expect(
      sorted.countsBelow(values, countingEqual: true).array(of: Int.self) == [3, 0, 2, 4])
  }

  @Test func `arctangent inverts the tangent`() throws {
    let angles = [-1.5, -0.3, 0, 1.2]
    let x = Tensor(angles.map { tan($0) }).requiringGradient()
    expectClose(x.arctangent().doubles(), angles, tolerance: 1e-14)
    let slope = try gradients(of: x.arctangent().sum(), withRespectTo: [x])[0]
    expectClose(slope?.doubles() ?? [], angles.map { cos($0) * cos($0) }, tolerance: 1e-14)
  }
}

@Suite struct DeterminantTests {
  @Test func `the logarithm of a determinant and its gradient match values by hand`() throws {
    let matrix = Tensor(rows: [[4.0, 1], [2, 3]]).requiringGradient()
    let value = matrix.logDeterminant()
    expectClose(value.scalar, log(10.0))
    // The transposed inverse.
    let gradient = try gradients(of: value, withRespectTo: [matrix])[0]
    expectClose(gradient, Tensor(rows: [[0.3, -0.2], [-0.1, 0.4]]))
    #expect(Tensor(rows: [[1.0, 2], [2, 1]]).logDeterminant().scalar.isNaN)
  }
}
