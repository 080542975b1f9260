import Evaluation
import TestSupport
import Testing
import Torch

@Suite struct PrincipalAxesTests {
  @Test func `axes match values by hand`() throws {
    // 5 along (0.6, 0.8) and 1 along (0.8, −0.6), around (10, 20).
    let vectors = Tensor(rows: [[13.0, 24.0], [7.0, 16.0], [10.8, 19.4], [9.2, 20.6]])
    let axes = try PrincipalAxes(of: vectors)
    let points = axes(vectors)
    expectClose(points.map(\.x), [5, -5, 0, 0], tolerance: 1e-9)
    expectClose(points.map(\.y), [0, 0, 1, -1], tolerance: 1e-9)
    expectClose(axes.shares, [50.0 / 52, 2.0 / 52])
  }

  @Test func `handles empty and one-dimensional input`() throws {
    let line = Tensor(rows: [[1.0], [3.0]])
    let axes = try PrincipalAxes(of: line)
    #expect(axes(line) == [PlanePoint(x: -1, y: 0), PlanePoint(x: 1, y: 0)])
    #expect(axes.shares == [1, 0])
    let none = Tensor.zeros([0, 4])
    #expect(try PrincipalAxes(of: none)(none).isEmpty)
    let equal = Tensor.ones([3, 2])
    #expect(try PrincipalAxes(of: equal).shares == [0, 0])
  }
}
