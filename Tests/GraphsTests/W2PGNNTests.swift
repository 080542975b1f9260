import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct W2PGNNTests {
  private struct Options: Decodable {
    let epsilon: Double
  }

  /// Tight enough to be the optimum of the entropic problem, as the oracle's.
  private static func exact(_ epsilon: Double) -> GromovWasserstein {
    GromovWasserstein(
      regularization: epsilon, iterations: 2000, innerIterations: 20000, tolerance: 1e-12)
  }

  @Test func `the cost of a mixture agrees with POT's plans`() throws {
    try PairLossChecks.agreesWithTheGolden(
      "W2PGNN", Options.self, cases: 4, tolerance: 1e-7, detaches: true
    ) { options in
      {
        W2PGNN(distance: Self.exact(options.epsilon)).cost(
          logits: $0[0][0], basis: .stacked(Array($0.dropFirst(2))), target: $0[1])
      }
    }
  }

  @Test func `a mixture of the basis is found and is all but feasible`() throws {
    let basis = [0.2, 1, 3].map { Self.decreasing(6, $0) }
    let mixed = Graphon(basis[0].probabilities * 0.7 + basis[2].probabilities * 0.3)
    let distance = GromovWasserstein(regularization: 0.002)
    let found = try W2PGNN(distance: distance, steps: 30, learningRate: 0.1)(
      basis: basis, target: mixed)
    let equal = try W2PGNN(distance: distance, steps: 0)(basis: basis, target: mixed)
    expectClose(equal.shares, [Double](repeating: 1.0 / 3, count: 3))
    #expect(found.value > equal.value / 2 && found.value <= 0)
    expectClose(found.shares.reduce(0, +), 1)
  }

  @Test func `further steps lose nothing`() throws {
    let basis = [0.2, 1, 3].map { Self.decreasing(6, $0) }
    let mixed = Graphon(basis[0].probabilities * 0.7 + basis[2].probabilities * 0.3)
    // So long a step overshoots.
    let values = try [0, 1, 2, 4, 8].map { steps in
      try W2PGNN(
        distance: GromovWasserstein(regularization: 0.002), steps: steps, learningRate: 5)(
          basis: basis, target: mixed
        ).value
    }
    #expect(values == values.sorted(), "\(values)")
  }

  @Test func `graphs like the basis are more feasible than others`() throws {
    func ring(_ count: Int, reach: Int) throws -> Graph {
      try Graph(
        nodeCount: count,
        edges: (0..<count).flatMap { node in
          (1...reach).map { (source: node, target: (node + $0) % count) }
        })
    }
    let sparse = Graphon(estimatedFrom: try (20..<26).map { try ring($0, reach: 2) })
    let alike = Graphon(estimatedFrom: [try ring(24, reach: 2)])
    let dense = Graphon(estimatedFrom: [try ring(24, reach: 9)])
    let method = W2PGNN(steps: 20)
    let near = try method(basis: [sparse], target: alike)
    let far = try method(basis: [sparse], target: dense)
    #expect(near.shares == [1])
    #expect(near.value > far.value + 0.1)
  }

  @Test func `a renumbering of the target's blocks changes nothing`() {
    let first = Self.decreasing(6, 1).probabilities
    let order = Tensor([3, 0, 5, 1, 2, 4] as [Int64])
    let second = first.gathered(rows: order).gathered(rows: order, along: 1)
    let other = Self.decreasing(5, 0.4).probabilities
    let distance = Self.exact(0.02)
    expectClose(distance(other, first).scalar, distance(other, second).scalar, tolerance: 1e-7)
  }

  @Test func `a small entropy stays finite`() {
    let distance = GromovWasserstein(regularization: 1e-6)
    let value = distance(Self.decreasing(7, 2).probabilities, Self.decreasing(5, 0.1).probabilities)
    #expect(value.scalar.isFinite && value.scalar > 0)
  }

  private static func decreasing(_ count: Int, _ slope: Double) -> Graphon {
    let x = Tensor((0..<count).map { (Double($0) + 0.5) / Double(count) })
    return Graphon(
      ((x.expandingDimension(at: 0) + x.expandingDimension(at: 1)) * -slope).exp())
  }
}
