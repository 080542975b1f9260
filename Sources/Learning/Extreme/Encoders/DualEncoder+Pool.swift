import Kernels
public import Storage
public import Torch

extension DualEncoder {
  /// Embeds a batch of documents and a pool of labels in one pass through the encoder.
  ///
  /// Encodes the texts of the pool's labels only.
  ///
  /// - Parameters:
  ///   - documents: `[N, features]`.
  ///   - labelTexts: `[L, features]`; needed unless the labels are free.
  ///   - pool: the labels of this step.
  ///   - sparsely: whether the gradient of the label vectors holds only the pool's rows.
  /// - Returns: `[N, D]`, `[pool.labels.count, D]` and the pool's biases, `[pool.labels.count]`; of
  ///   several processes, the rows and biases of this one's labels.
  public func callAsFunction(
    documents: CSRMatrix, labelTexts: CSRMatrix?, pool: LabelPool, sparsely: Bool = false
  ) throws
    -> (documents: Tensor, labels: Tensor, bias: Tensor?)
  {
    let held = shard?.labels
    let own = labelVectors.map {
      sparsely ? pool.sparseRows(of: $0, holding: held) : pool.rows(of: $0, holding: held)
    }
    let bias = bias.map { pool.rows(of: $0, holding: held) }
    guard configuration.labels != .free, let labelTexts else {
      guard let own else { preconditionFailure("label texts are missing") }
      return (encoder.normalized(try encoder(documents)), encoder.normalized(own), bias)
    }
    let texts = labelTexts.selecting(rows: pool.labels)
    let part = shard?.selecting(pool.labels)
    if let labelEncoder {
      var labels = try labelEncoder(texts)
      if let part { labels = try part.ownRows(of: labels) }
      if let own { labels = labels + own }
      return (encoder.normalized(try encoder(documents)), encoder.normalized(labels), bias)
    }
    let all = try encoder(documents.stacked(over: texts))
    let count = documents.rowCount
    var labels = all[count..<(count + pool.labels.count)]
    if let part { labels = try part.ownRows(of: labels) }
    if let own { labels = labels + own }
    return (encoder.normalized(all[0..<count]), encoder.normalized(labels), bias)
  }
}
