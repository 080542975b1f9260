import Foundation
import Storage
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

  @Test func `edge weights agree with loops in Python`() throws {
    let cases = try Golden<Case>("NeighbourLayout").cases
    #expect(cases.count == 2)
    for example in cases {
      let edges = NeighbourLayout(neighbours: example.neighbours)
        .edges(of: Tensor(rows: example.vectors))
      #expect(edges.map { [$0.from, $0.to] } == example.edges.map { [Int($0[0]), Int($0[1])] })
      expectClose(edges.map(\.weight), example.edges.map { $0[2] }, tolerance: 1e-6)
    }
  }

  @Test func `equal vectors have distance 0 at any length`() {
    let row = (0..<7).map { 1e3 / Double($0 + 3) }
    let squares = NearestNeighbours.squaredDistances(of: Tensor(rows: [row, row, row.map { -$0 }]))
    #expect(squares[0] == 0 && squares[1] == 0 && squares[3] == 0)
    expectClose(squares[2], row.reduce(0) { $0 + 4 * $1 * $1 }, tolerance: 1e-6)
  }

  @Test func `floors σ at a thousandth of the mean distance`() {
    let weights = NeighbourLayout.weights(of: [1, 1, 1, 1.001], all: [])
    // (1 + 1 + 1 + 1.001) / 5 / 1000.
    expectClose(weights, [1, 1, 1, exp(-0.001 / 8.002e-4)], tolerance: 1e-9)
  }

  /// The slope of log f(d) by d.
  private func slope(_ distance: Double, of f: (Double) -> Double) -> Double {
    (log(f(distance + 1e-6)) - log(f(distance - 1e-6))) / 2e-6
  }

  /// 1 / (1 + a d^{2b}): how likely two points are neighbours.
  private func likelihood(_ distance: Double) -> Double {
    1 / (1 + NeighbourLayout.curve.a * pow(distance, 2 * NeighbourLayout.curve.b))
  }

  @Test func `an edge moves both ends along the likelihood gradient`() {
    var random = SplitMix64(1)
    var points = [PlanePoint(x: 0, y: 0), PlanePoint(x: 1.2, y: 1.6)]
    NeighbourLayout(epochs: 1, negatives: 0).move(
      &points, along: [.init(from: 0, to: 1, weight: 1)], using: &random)
    let pull = -slope(2, of: likelihood)
    expectClose([points[0].x, points[0].y], [0.6 * pull, 0.8 * pull], tolerance: 1e-6)
    expectClose([points[1].x, points[1].y], [1.2 - 0.6 * pull, 1.6 - 0.8 * pull], tolerance: 1e-6)
  }

  @Test(arguments: [0.7, 2, 0.03])
  func `a negative sample pushes along its likelihood gradient`(distance: Double) throws {
    // Ends in one place do not pull; the one draw has to be the third point.
    let seed = try #require(
      (0..<100 as Range<UInt64>).first { seed in
        var random = SplitMix64(seed)
        return random.next(upperBound: UInt64(3)) == 2
      })
    var random = SplitMix64(seed)
    var points = [
      PlanePoint(x: 0, y: 0), PlanePoint(x: 0, y: 0), PlanePoint(x: distance, y: 0),
    ]
    NeighbourLayout(epochs: 1, negatives: 1).move(
      &points, along: [.init(from: 0, to: 1, weight: 1)], using: &random)
    // The authors' 1e-3 added to the squared distance, and no step beyond 4.
    let floor = distance * distance / (1e-3 + distance * distance)
    let push = slope(distance, of: { 1 - likelihood($0) }) * floor
    expectClose(points[0].x, -min(4, push), tolerance: 1e-6)
    #expect(distance > 0.1 || push > 4)
    #expect(points[1] == PlanePoint(x: 0, y: 0) && points[2] == PlanePoint(x: distance, y: 0))
  }

  @Test func `preserves neighbours better than principal axes`() throws {
    let vectors = Self.clusters(6)
    let map = try NeighbourLayout(epochs: 60)(vectors, seed: 1)
    let axes = try PrincipalAxes(of: vectors)(vectors)
    let judge = Trustworthiness(neighbours: 5)
    let (own, linear) = (judge(of: map, vectors: vectors), judge(of: axes, vectors: vectors))
    #expect(own > 0.95 && own > linear + 0.02, "\(own) against \(linear)")
  }

  @Test func `the layout depends only on the seed`() throws {
    let vectors = Self.clusters(3)
    let layout = NeighbourLayout(epochs: 20)
    let first = try layout(vectors, seed: 1)
    #expect(try layout(vectors, seed: 1) == first)
    #expect(try layout(vectors, seed: 2) != first)
    #expect(first.allSatisfy { $0.x.isFinite && $0.y.isFinite })
  }

  @Test func `lays out few and equal points`() throws {
    let layout = NeighbourLayout(epochs: 10)
    #expect(try layout(Tensor.zeros([0, 3])).isEmpty)
    #expect(try layout(Tensor.ones([1, 3])) == [PlanePoint(x: 0, y: 0)])
    let equal = try layout(Tensor.ones([5, 3]))
    #expect(equal.count == 5 && equal.allSatisfy { $0.x.isFinite && $0.y.isFinite })
    #expect(try layout(Tensor(rows: [[1.0], [2.0], [4.0]])).count == 3)
  }
}
