import TestSupport
import Testing
import Torch

@Suite struct SparseTensorTests {
  /// Rows 3, 1 and 1 of a matrix `[4, 2]`, as other code may hand it over.
  private func unordered() -> Tensor {
    Op("aten::sparse_coo_tensor", "indices_size")(
      .tensor(Tensor(rows: [[3, 1, 1]])), .tensor(Tensor(rows: [[1.0, 2], [3, 4], [10, 20]])),
      .ints([4, 2]), .dtype(.float64))
  }

  @Test func `sums and sorts repeated rows`() {
    let (rows, values) = unordered().storedRows()
    #expect(rows.array(of: Int64.self) == [1, 3])
    expectClose(values, Tensor(rows: [[13.0, 24], [1, 2]]))
  }

  @Test func `merges equal adjacent rows`() {
    let repeated = Op("aten::sparse_coo_tensor", "indices_size")(
      .tensor(Tensor(rows: [[1, 1, 3]])), .tensor(Tensor(rows: [[1.0], [3], [10]])),
      .ints([4, 1]), .dtype(.float64))
    let (rows, values) = repeated.storedRows()
    #expect(rows.array(of: Int64.self) == [1, 3])
    expectClose(values, Tensor(rows: [[4.0], [10]]))
  }

  @Test func `a sparse matrix equals its rows`() {
    let values = Tensor(rows: [[1.0, 2], [3, 4]])
    let matrix = Tensor.sparse(rows: Tensor([0, 2]), values: values, rowCount: 3)
    #expect(matrix.isSparse && matrix.shape == [3, 2])
    expectClose(matrix.densified(), Tensor(rows: [[1.0, 2], [0, 0], [3, 4]]))
    expectClose(values.densified(), values)
  }

  @Test func `optimizers and clipping sum repeated rows`() throws {
    func table() -> Tensor { Tensor.ones([4, 2], dtype: .float64).requiringGradient() }
    let (sparse, dense) = (table(), table())
    sparse.gradient = unordered()
    dense.gradient = unordered().densified()
    let lengths = [sparse, dense].map { clipGradients(of: [$0], toNorm: 2) }
    expectClose(lengths[0], lengths[1], tolerance: 1e-14)
    expectClose(sparse.gradient?.densified(), dense.gradient, tolerance: 1e-14)
    let settings = SparseAdagrad.Configuration(learningRate: 0.5, epsilon: 0.1)
    try SparseAdagrad([sparse], settings).step()
    try SparseAdagrad([dense], settings).step()
    expectClose(sparse.detached(), dense.detached(), tolerance: 1e-14)
  }
}
