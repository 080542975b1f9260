/// The eigenvalues and eigenvectors of a symmetric matrix.
package struct SymmetricEigenvectors {
  /// `[D]`, in ascending order.
  package let values: Tensor
  /// `[D, D]`; the columns are the eigenvectors, in the order of the values.
  package let vectors: Tensor

  /// Decomposes `matrix`, `[D, D]`.
  ///
  /// - Throws: `TorchError` if the decomposition fails, as with NaN.
  /// - Complexity: O(D³).
  package init(of matrix: Tensor) throws {
    let results = try Ops.eigh.results([.tensor(matrix)])
    guard case .tensor(let values) = results[0], case .tensor(let vectors) = results[1] else {
      preconditionFailure("linalg_eigh gives two tensors")
    }
    (self.values, self.vectors) = (values, vectors)
  }

  private enum Ops {
    static let eigh = Op("aten::linalg_eigh")
  }
}
