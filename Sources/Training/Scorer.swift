public import Evaluation
public import Learning
public import Torch

/// Ranks labels for documents by exact inner products with the vectors of all labels.
public struct Scorer {
  private let encoder: BagEncoder
  private let tower: TransformerTower?
  private let labels: Tensor
  private let bias: Tensor?
  private let temperature: Double
  /// Documents scored together; keeps a block of scores at about 64 MB.
  private let blockSize: Int

  /// Scores with the given label vectors, `[L, D]`, and biases, `[L]`.
  ///
  /// - Parameter tower: embeds documents' vectors beside their bags, where there is one.
  public init(
    encoder: BagEncoder, tower: TransformerTower? = nil, labels: Tensor, bias: Tensor?,
    temperature: Double
  ) {
    self.encoder = encoder
    self.tower = tower
    self.labels = labels.transposed().contiguous()
    self.bias = bias
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
  ///   - vectors: a transformer's vectors of the same documents, where there is a tower.
  ///   - excluded: `[N, L or more]`; labels that each document may not get. Nil excludes none.
  /// - Throws: `InputError` when a score is not a number.
  /// - Precondition: `excluded` has a row a document.
  public func topK(
    _ k: Int, of bags: CSRMatrix, vectors: TextVectors? = nil,
    excluding excluded: CSRMatrix? = nil
  ) throws -> TopK {
    precondition(
      excluded.map { $0.rowCount == bags.rowCount } ?? true,
      "exclusions of \(excluded?.rowCount ?? 0) rows for \(bags.rowCount) documents")
    var result = TopK(k: min(k, labelCount))
    for start in stride(from: 0, to: bags.rowCount, by: blockSize) {
      let rows = start..<min(start + blockSize, bags.rowCount)
      let scores = try scores(
        of: bags.selecting(rows: rows), vectors: vectors?.gathered(rows))
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
  ///
  /// - Parameter vectors: `[N, W]`, where there is a tower.
  /// - Precondition: there are vectors where there is a tower, and nowhere else.
  public func scores(of bags: CSRMatrix, vectors: Tensor? = nil) throws -> Tensor {
    precondition((tower == nil) == (vectors == nil), "vectors and a tower belong together")
    return try withoutGradients {
      var sum = try encoder(bags)
      if let tower, let vectors { sum = sum + tower(vectors) }
      let documents = encoder.normalized(sum)
      guard let bias else { return documents.matmul(labels) * (1 / temperature) }
      return documents.matmul(labels, adding: bias, scale: 1 / temperature)
    }
  }
}
