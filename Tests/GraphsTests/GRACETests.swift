import Foundation
import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GRACETests {
  private struct Options: Decodable {
    let temperature: Double
  }

  private static func layers(_ random: Generator) -> [GraphConvolution] {
    [(3, 4), (4, 3)].map { GraphConvolution(from: $0, to: $1, generator: random) }
  }

  @Test func `the loss agrees with the equations in PyTorch`() throws {
    try agreeWithTheGolden("GRACE", Options.self, cases: 3) { options, inputs in
      let random = Generator(seed: 0)
      let network = GRACE(
        .init(temperature: options.temperature), layers: Self.layers(random),
        head: [
          Linear(weight: inputs[2], bias: inputs[3][0]),
          Linear(weight: inputs[4], bias: inputs[5][0]),
        ], generator: random)
      let parameters = network.head.flatMap { $0.parameters.map(\.tensor) }
      return (try network.loss(inputs[0], inputs[1]), [inputs[0], inputs[1]] + parameters)
    }
  }

  @Test func `views leave out shares of entries and of features`() throws {
    let graph = try Graph(
      nodeCount: 200, edges: (0..<200).flatMap { a in (1...5).map { (a, (a + $0) % 200) } })
    let network = GRACE(
      .init(edgeDropouts: [0, 0.5], featureDropouts: [0, 0.25]), from: 400, to: 2, headWidth: 2,
      generator: Generator(seed: 3))
    let ones = NodeFeatures.dense(Tensor.ones([200, 400]))
    let (same, whole) = network.view(0, of: ones, in: graph)
    #expect(try same.dense().array(of: Float.self).allSatisfy { $0 == 1 })
    #expect(whole.places.entryCount == graph.entryCount + 200)
    let (masked, part) = network.view(1, of: ones, in: graph)
    let kept = Double(part.places.entryCount - 200) / Double(graph.entryCount)
    #expect(0.45...0.55 ~= kept)
    // A feature is left out at all nodes or at none, and not scaled.
    let sums = try masked.dense().sum(along: 0).array(of: Float.self)
    #expect(Set(sums) == [0, 200] && 260...340 ~= sums.count { $0 > 0 })
    let sparse = NodeFeatures.sparse(
      SparseMatrix(CSRMatrix(rows: [[0, 2], [1, 2, 3]], columnCount: 400)))
    let columns = try network.view(1, of: sparse, in: graph).features.dense()
      .array(of: Float.self)
    #expect(columns[2] == columns[402])
  }

  @Test func `training brings the views of a node together`() throws {
    var random = SplitMix64(5)
    let edges = (0..<60).flatMap { a in
      (0..<4).map { _ in (source: a, target: a / 30 * 30 + random.below(30)) }
    }
    let graph = try Graph(nodeCount: 60, edges: edges.filter { $0.source != $0.target })
    let features = NodeFeatures.sparse(
      SparseMatrix(CSRMatrix(rows: (0..<60).map { [$0] }, columnCount: 60)))
    func last(_ epochs: Int, _ regularization: POT? = nil) throws -> Double {
      let network = GRACE(from: 60, to: 8, headWidth: 8, generator: Generator(seed: 1))
      return try network.train(
        on: features, in: graph, regularization: regularization,
        training: .init(epochs: epochs, learningRate: 0.01))
    }
    let first = try last(1)
    #expect(try last(40) < first - 0.3)
    // Mixed by κ: 0 is GRACE alone.
    expectClose(try last(1, POT(share: 0)), first, tolerance: 1e-6)
    #expect(try last(40, POT()) < last(1, POT()))
  }

  @Test func `traps on a share of all edges`() async {
    await #expect(processExitsWith: .failure) {
      _ = GRACE(.init(edgeDropouts: [1, 0]), from: 2, generator: Generator(seed: 0))
    }
  }
}
