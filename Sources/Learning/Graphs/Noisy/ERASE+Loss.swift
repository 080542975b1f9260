public import Torch

extension ERASE {
  /// L, a scalar.
  ///
  /// - Parameters:
  ///   - embeddings: Z, `[N, D]`.
  ///   - labels: π, `[N]` int64.
  /// - Throws: `TorchError` if libtorch fails.
  /// - Precondition: as many labels as rows; ε > 0.
  /// - Complexity: O(N min(N, D)² + min(N, D)³) time for all classes together, times C at most.
  public func callAsFunction(embeddings: Tensor, labels: Tensor) throws -> Tensor {
    let (count, width) = (embeddings.size(along: 0), embeddings.size(along: 1))
    precondition(labels.shape == [count], "\(labels.shape) labels for \(count) rows")
    precondition(squaredPrecision > 0, "a squared precision of \(squaredPrecision)")
    let scale = Double(width) / squaredPrecision
    var result =
      Self.rate(of: embeddings, compressionWeight * scale / Double(max(count, 1)))
      * -expansionWeight
    let members = Dictionary(grouping: 0..<count) { [labels = labels.array(of: Int64.self)] in
      labels[$0]
    }
    for (_, rows) in members.sorted(by: { $0.key < $1.key }) {
      let share = Double(rows.count) / Double(count)
      let part = embeddings.gathered(rows: Tensor(rows.map(Int64.init)))
      result =
        result
        + Self.rate(of: part, scale / Double(rows.count)) * (share * compressionWeight)
    }
    return result
  }

  /// ρ; the determinants of I + s ZᵀZ and I + s ZZᵀ are equal, and the smaller one is taken.
  private static func rate(of rows: Tensor, _ scale: Double) -> Tensor {
    let (count, width) = (rows.size(along: 0), rows.size(along: 1))
    let side = min(count, width)
    let product = count < width ? rows.matmul(rows.transposed()) : rows.transposed().matmul(rows)
    let identity = Tensor.identity(side, dtype: rows.dtype, device: rows.device)
    return (product * scale + identity).logDeterminant() * 0.5
  }
}
