public import Torch

extension DualEncoder {
  /// The embeddings of a batch and of some labels, in one pass through the encoder.
  ///
  /// Texts of labels outside the pool are not encoded.
  ///
  /// - Parameters:
  ///   - documents: `[N, features]`.
  ///   - labelTexts: `[L, features]`; needed unless the labels are free.
  ///   - pool: the labels of a step.
  ///   - sparsely: whether the gradient of the labels' own vectors holds the pool's rows only.
  /// - Returns: `[N, D]` and `[pool.labels.count, D]`; the pool's biases, `[pool.labels.count]`.
  public func callAsFunction(
    documents: CSRMatrix, labelTexts: CSRMatrix?, pool: LabelPool, sparsely: Bool = false
  ) throws
    -> (documents: Tensor, labels: Tensor, bias: Tensor?)
  {
    let own = labelVectors.map { sparsely ? pool.sparseRows(of: $0) : pool.rows(of: $0) }
    let bias = bias.map { pool.rows(of: $0) }
    guard configuration.labels != .free, let labelTexts else {
      guard let own else { preconditionFailure("labels of texts need their texts") }
      return (encoder.normalized(try encoder(documents)), encoder.normalized(own), bias)
    }
    if let labelEncoder {
      var labels = try labelEncoder(labelTexts.selecting(rows: pool.labels))
      if let own { labels = labels + own }
      return (encoder.normalized(try encoder(documents)), encoder.normalized(labels), bias)
    }
    let all = try encoder(documents.stacked(over: labelTexts.selecting(rows: pool.labels)))
    let count = documents.rowCount
    var labels = all[count..<(count + pool.labels.count)]
    if let own { labels = labels + own }
    return (encoder.normalized(all[0..<count]), encoder.normalized(labels), bias)
  }
}
