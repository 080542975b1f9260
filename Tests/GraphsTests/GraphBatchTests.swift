import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct GraphBatchTests {
  @Test func `graphs are joined without edges between them, and means are those of each`() throws {
    let batch = GraphBatch(
      [
        try Graph(nodeCount: 2, edges: [(source: 0, target: 1)]),
        try Graph(nodeCount: 3, edges: [(source: 1, target: 2)]),
      ], dtype: .float64)
    #expect(batch.sizes == [2, 3])
    let neighbours = (0..<5).map { batch.graph.neighbours.columns(ofRow: $0).map(Int.init) }
    #expect(neighbours == [[1], [0], [], [4], [3]])
    #expect(batch.pairs.entryCount == 4 + 9)
    let rows = Tensor(rows: [[1.0, 2], [3, 6], [1, 0], [2, 0], [6, 3]])
    expectClose(
      try batch.means.product(with: rows).doubles(), [2, 4, 3, 1], tolerance: 1e-12)
  }
}
