import Graphs
import Storage
import TestSupport
import Testing
import Torch

@Suite struct NodeFeaturesTests {
  @Test func `sparse features give the results of dense ones`() throws {
    let rows = CSRMatrix(
      rowOffsets: MappedArray([0, 2, 3, 3]), columns: MappedArray([0, 2, 1]),
      values: MappedArray([1, 2, 3]), columnCount: 3)
    let sparse = NodeFeatures.sparse(SparseMatrix(rows, dtype: .float64))
    #expect(sparse.nodeCount == 3 && sparse.width == 3)
    let dense = Tensor(rows: [[1.0, 0, 2], [0, 3, 0], [0, 0, 0]])
    expectClose(try sparse.dense(), dense)
    let weight = Tensor(rows: PairLossChecks.matrices([(3, 2)], seed: 2)[0])
    expectClose(
      try sparse.product(with: weight), try NodeFeatures.dense(dense).product(with: weight))
  }
}
