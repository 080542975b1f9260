import TestSupport
import Testing
import Torch

@testable import Evaluation

@Suite struct NeighbourLayoutTests {
  private struct Case: Decodable {
    var vectors: [[Double]]
    var neighbours: Int
    var edges: [[Double]]
  }

  /// Thirty clusters of `size` in 16 dimensions, far more than a plane can hold apart linearly.
  private static func clusters(_ size: Int) -> Tensor {
    let generator = Generator(seed: 3)
    let centres = Tensor.normal([30, 16], generator: generator)
    let parts = (0..<30).map { index in
      centres.slice(index..<(index + 1), along: 0)
        + 0.15 * Tensor.normal([size, 16], generator: generator)
    }
    return Tensor.concatenated(parts)
  }

  @Test func `weighs neighbourhoods as loops in Python do`() throws {
    let cases = try Golden<Case>("NeighbourLayout").cases
    #expect(cases.count == 2)
    for example in cases {
      let edges = NeighbourLayout(neighbours: example.neighbours)
        .edges(of: Tensor(rows: example.vectors))
      #expect(edges.map { [$0.from, $0.to] } == example.edges.map { [Int($0[0]), Int($0[1])] })
      expectClose(edges.map(\.weight), example.edges.map { $0[2] }, tolerance: 1e-6)
    }
  }

  @Test func `keeps neighbours better than the principal axes do`() throws {
    let vectors = Self.clusters(6)
    let map = try NeighbourLayout(epochs: 60)(vectors, seed: 1)
    let axes = try PrincipalAxes(of: vectors)(vectors)
    let judge = Trustworthiness(neighbours: 5)
    let (own, linear) = (judge(of: map, vectors: vectors), judge(of: axes, vectors: vectors))
    #expect(own > 0.95 && own > linear + 0.02, "\(own) against \(linear)")
  }

  @Test func `the seed alone decides where points lie`() throws {
    let vectors = Self.clusters(3)
    let layout = NeighbourLayout(epochs: 20)
    let first = try layout(vectors, seed: 1)
    #expect(try layout(vectors, seed: 1) == first)
    #expect(try layout(vectors, seed: 2) != first)
    #expect(first.allSatisfy { $0.x.isFinite && $0.y.isFinite })
  }

  @Test func `few points and equal ones have places`() throws {
    let layout = NeighbourLayout(epochs: 10)
    #expect(try layout(Tensor.zeros([0, 3])).isEmpty)
    #expect(try layout(Tensor.ones([1, 3])) == [PlanePoint(x: 0, y: 0)])
    let equal = try layout(Tensor.ones([5, 3]))
    #expect(equal.count == 5 && equal.allSatisfy { $0.x.isFinite && $0.y.isFinite })
    #expect(try layout(Tensor(rows: [[1.0], [2.0], [4.0]])).count == 3)
  }
}
