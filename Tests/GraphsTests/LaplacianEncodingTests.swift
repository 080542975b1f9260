import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct LaplacianEncodingTests {
  private struct Options: Decodable {
    let graph: GoldenGraph
    let count: Int
  }

  @Test func `eigenvectors agree with PyTorch Geometric`() throws {
    try PairLossChecks.agreesWithTheGolden("LaplacianEncoding", Options.self, cases: 3) { options in
      {
        weighted(
          try LaplacianEncoding(count: options.count)(options.graph.graph(), dtype: .float64),
          $0[0])
      }
    }
  }

  @Test func `a small graph has zeros for the missing vectors`() throws {
    let graph = try GoldenGraph(nodes: 2, edges: [[0, 1]]).graph()
    let found = try LaplacianEncoding(count: 3)(graph, dtype: .float64)
    #expect(found.shape == [2, 3])
    let root = 0.5.squareRoot()
    expectClose(found.magnitude().doubles(), [root, 0, 0, root, 0, 0], tolerance: 1e-12)
    let alone = try GoldenGraph(nodes: 1, edges: []).graph()
    #expect(try LaplacianEncoding(count: 2)(alone).doubles() == [0, 0])
  }

  @Test func `vectors have length 1 and stand upright on each other, also where values are equal`()
    throws
  {
    // A ring: its eigenvalues come in pairs.
    let ring = try GoldenGraph(nodes: 9, edges: (0..<9).map { [$0, ($0 + 1) % 9] }).graph()
    let found = try LaplacianEncoding(count: 8)(ring, dtype: .float64)
    expectClose(
      found.transposed().matmul(found).doubles(), Tensor.identity(8, dtype: .float64).doubles(),
      tolerance: 1e-10)
  }

  @Test func `signs are flipped together for all nodes`() {
    let encoding = Tensor.ones([3, 200], dtype: .float64)
    let flipped = LaplacianEncoding.flipped(encoding, generator: Generator(seed: 4))
    #expect(flipped.magnitude().isEqual(to: 1).allTrue())
    let sums = flipped.sum(along: 0).doubles()
    #expect(Set(sums) == [3, -3])
    #expect(abs(sums.count { $0 > 0 } - 100) < 40)
  }
}
