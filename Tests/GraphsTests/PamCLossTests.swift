import Foundation
import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct PamCLossTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let clusters: [Int]
    let hops: Int
    let sharpness: Double
  }

  /// float64, which those of `PamCLoss.influence` are not.
  private static func influence(_ graph: GoldenGraph, hops: Int) throws -> SparseMatrix {
    let given = PamCLoss.influence(of: try graph.graph(), hops: hops)
    let count = graph.nodes
    let whole = try graph.graph().addingSelfLoops()
    var step = [Double](repeating: 0, count: count * count)
    for node in 0..<count {
      let own = whole.neighbours.columns(ofRow: node)
      for source in own { step[node * count + Int(source)] = 1 / Double(own.count) }
    }
    let matrix = Tensor(step, shape: [count, count])
    var (power, sum) = (matrix, matrix)
    for _ in 1..<hops {
      power = power.matmul(matrix)
      sum = sum + power
    }
    let values = sum.doubles()
    let exact = zip(
      given.places.rows.array(of: Int32.self), given.places.columns.array(of: Int32.self)
    ).map { values[Int($0) * count + Int($1)] }
    expectClose(given.values?.doubles() ?? [], exact, tolerance: 1e-6)
    #expect(values.count { $0 != 0 } == given.places.entryCount)
    return SparseMatrix(given.places, values: Tensor(exact))
  }

  @Test func `the loss agrees with the equations in PyTorch`() throws {
    try PairLossChecks.agreesWithTheGolden("PamCLoss", Options.self, cases: 4) { options in
      {
        try PamCLoss(sharpness: options.sharpness)(
          embeddings: $0[0], clusters: options.clusters,
          influence: Self.influence(options.graph, hops: options.hops))
      }
    }
  }

  @Test func `a cluster for each node gives the loss over all pairs`() throws {
    let graph = GoldenGraph(nodes: 6, edges: [[0, 1], [1, 2], [3, 4], [4, 5]])
    let rows = PairLossChecks.matrices([(rows: 6, width: 4)], seed: 3)[0]
    let units = Loops.unit(rows)
    let influence = try Self.influence(graph, hops: 1)
    let loss = try PamCLoss(sharpness: 1.5)(
      embeddings: Tensor(rows: rows), clusters: [5, 3, 8, 0, 1, 2], influence: influence)
    let whole = try graph.graph().addingSelfLoops()
    let parts = (0..<6).map { a in
      let powers = (0..<6).map { exp(1.5 * (a == $0 ? 0 : Loops.dot(units[a], units[$0]))) }
      let own = whole.neighbours.columns(ofRow: a)
      let positive = own.reduce(0) { $0 + powers[Int($1)] } / Double(own.count)
      return log(powers.reduce(0, +)) - log(positive)
    }
    expectClose(loss.scalar, Loops.mean(parts), tolerance: 1e-9)
  }

  @Test func `the numbers of clusters do not matter`() throws {
    let graph = try Graph(nodeCount: 4, edges: [(source: 0, target: 1), (source: 2, target: 3)])
    let rows = Tensor.normal([4, 3], generator: Generator(seed: 1))
    let influence = PamCLoss.influence(of: graph, hops: 2)
    let losses = try [[0, 0, 1, 1], [7, 7, 2, 2], [1, 1, 0, 0]].map {
      try PamCLoss()(embeddings: rows, clusters: $0, influence: influence).scalar
    }
    expectClose(losses, [Double](repeating: losses[0], count: 3), tolerance: 1e-6)
  }

  @Test func `stays finite for rows of 0 and steep powers`() throws {
    let graph = try Graph(nodeCount: 3, edges: [(source: 0, target: 1)])
    let rows = Tensor(rows: [[0.0, 0], [1, 1], [-1, -1]]).requiringGradient()
    let influence = PamCLoss.influence(of: graph, hops: 1)
    let loss = try PamCLoss(sharpness: 80)(
      embeddings: rows.converted(to: .float32), clusters: [0, 1, 1], influence: influence)
    let found = try gradients(of: loss, withRespectTo: [rows])[0]
    #expect(loss.scalar.isFinite && found?.isFinite().allTrue() == true)
  }

  @Test func `traps on clusters that are not one a row`() async {
    await #expect(processExitsWith: .failure) {
      let graph = try Graph(nodeCount: 2, edges: [(source: 0, target: 1)])
      _ = try PamCLoss()(
        embeddings: .ones([2, 2]), clusters: [0], influence: PamCLoss.influence(of: graph, hops: 1))
    }
  }
}
