import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct POTTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let kept: [[Int]]
    let edgeDropout: Double
  }

  @Test func `compactness agrees with the equations in PyTorch`() throws {
    try agreeWithTheGolden("POT", Options.self, cases: 4) { options, inputs in
      let layers = [
        GraphConvolution(weight: inputs[1], bias: inputs[2][0]),
        GraphConvolution(weight: inputs[3], bias: inputs[4][0]),
      ]
      let view = GoldenGraph(nodes: options.graph.nodes, edges: options.kept)
      let loss = try POT()(
        layers, .dense(inputs[0]), embeddings: inputs[5],
        whole: options.graph.propagation(addingLoops: true),
        view: view.propagation(addingLoops: true),
        bounds: POT.Bounds(
          of: options.graph.graph(), edgeDropout: options.edgeDropout, dtype: .float64))
      return (
        loss,
        [inputs[0]] + layers.flatMap { $0.parameters.map(\.tensor) } + [inputs[5]]
      )
    }
  }

  /// The bound is below the compactness of every graph that the view may be.
  @Test func `the bound of one layer holds for all ways to leave out edges`() throws {
    let edges = [[0, 1], [1, 2], [0, 2], [2, 3], [3, 4]]
    let whole = GoldenGraph(nodes: 5, edges: edges)
    let bounds = POT.Bounds(of: try whole.graph(), edgeDropout: 0.6, dtype: .float64)
    let (means, radii) = (bounds.mean, bounds.radius)
    let identity = Tensor.identity(5, dtype: .float64)
    let mean = try means.product(with: identity).doubles()
    let radius = try radii.product(with: identity).doubles()
    var tried = 0
    for mask in 0..<32 {
      let kept = edges.indices.filter { mask >> $0 & 1 == 1 }.map { edges[$0] }
      let isAllowed = (0..<5).allSatisfy { node in
        let (all, left) = (
          edges.count { $0.contains(node) }, kept.count { $0.contains(node) }
        )
        return all - left
          <= min(max(all - 1, 0), Int((0.6 * Double(all)).rounded(.toNearestOrEven)))
      }
      guard isAllowed else { continue }
      tried += 1
      let view = try GoldenGraph(nodes: 5, edges: kept).propagation(addingLoops: true)
        .product(with: identity).doubles()
      for place in 0..<25 {
        #expect(abs(view[place] - mean[place]) <= radius[place] + 1e-12, "\(kept) at \(place)")
      }
    }
    #expect(tried > 3)
  }

  @Test func `a node keeps one of its edges`() throws {
    let pair = try Graph(nodeCount: 2, edges: [(source: 0, target: 1)])
    let bounds = POT.Bounds(of: pair, edgeDropout: 0.9, dtype: .float64)
    // ½ on the diagonal, and 0 … ½ elsewhere.
    expectClose(bounds.mean.values?.doubles() ?? [], [0.5, 0.25, 0.25, 0.5])
    expectClose(bounds.radius.values?.doubles() ?? [], [0, 0.25, 0.25, 0])
  }

  @Test func `traps on a graph of one node`() async {
    await #expect(processExitsWith: .failure) {
      let graph = try Graph(nodeCount: 1, edges: [] as [(source: Int, target: Int)])
      let whole = GraphConvolution.propagation(of: graph)
      let random = Generator(seed: 0)
      _ = try POT()(
        [(2, 2), (2, 2)].map { GraphConvolution(from: $0, to: $1, generator: random) },
        .dense(.zeros([1, 2])), embeddings: .zeros([1, 2]), whole: whole, view: whole,
        bounds: .init(of: graph, edgeDropout: 0.2))
    }
  }
}
