public import Evaluation
public import Learning
public import Torch

/// Ranks labels for documents by exact inner products with the vectors of all labels.
public struct Scorer {
  private let encoder: BagEncoder
  private let labels: Tensor
  private let bias: Tensor?
  private let wide: SparseLinear?
  private let temperature: Double
  /// Documents scored together; keeps a block of scores at about 64 MB.
  private let blockSize: Int

  /// Scores with the given label vectors, `[L, D]`, and biases, `[L]`.
  ///
  /// - Parameter wide: scores added to the inner products.
  public init(
    encoder: BagEncoder, labels: Tensor, bias: Tensor?, wide: SparseLinear? = nil,
    temperature: Double
  ) {
    self.encoder = encoder
    self.labels = labels.transposed().contiguous()
    self.bias = bias
    self.wide = wide
    self.temperature = temperature
    blockSize = max(1, min(1024, (1 << 24) / max(1, labels.size(along: 0))))
  }

  /// The number of labels.
  public var labelCount: Int { labels.size(along: 1) }

  /// The best labels of each document, best first; equal scores by rising label.
  ///
  /// - Parameters:
  ///   - k: how many labels a document gets, at most.
  ///   - bags: `[N, features]`.
  ///   - excluded: `[N, L or more]`; labels that each document may not get. Nil excludes none.
  /// - Throws: `InputError` when a score is not a number.
  /// - Precondition: `excluded` has a row a document.
  public func topK(_ k: Int, of bags: CSRMatrix, excluding excluded: CSRMatrix? = nil) throws
    -> TopK
  {
    precondition(
      excluded.map { $0.rowCount == bags.rowCount } ?? true,
      "exclusions of \(excluded?.rowCount ?? 0) rows for \(bags.rowCount) documents")
    var result = TopK(k: min(k, labelCount))
    for start in stride(from: 0, to: bags.rowCount, by: blockSize) {
      let rows = start..<min(start + blockSize, bags.rowCount)
      let scores = try scores(of: bags.selecting(rows: rows))
      try scores.withUnsafeBytes { bytes in
        let all = bytes.bindMemory(to: Float.self)
        for row in 0..<rows.count {
          try result.append(
            selectingFrom: UnsafeBufferPointer(
              rebasing: all[(row * labelCount)..<((row + 1) * labelCount)]),
            excluding: Set(excluded?.columns(ofRow: rows.lowerBound + row) ?? MappedArray([])))
        }
      }
    }
    return result
  }

  /// The scores of all labels, `[N, L]`.
  public func scores(of bags: CSRMatrix) throws -> Tensor {
    try withoutGradients {
      let documents = encoder.normalized(try encoder(bags))
      let scores =
        bias.map { documents.matmul(labels, adding: $0, scale: 1 / temperature) }
        ?? documents.matmul(labels) * (1 / temperature)
      wide?(bags).add(to: scores, labels: 0..<labelCount)
      return scores
    }
  }
}
