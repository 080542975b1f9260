package import Evaluation
import Foundation
import Retrieval
package import Storage
package import Torch

/// The labels of the training documents that are nearest to a document, added to its scores.
///
///     wₙ = exp(cos(x, xₙ) / τ) / Σₘ exp(cos(x, xₘ) / τ)      n, m: the K nearest documents
///     q(l) = Σₙ wₙ yₙₗ
///     s'(l) = s(l) + λ log(1 + q(l) / ε)
///
/// x is the embedding of a document, y is 1 for the labels of a training document, s is the score
/// without memory. q is the share of the neighbours, weighted by nearness, that have the label. A
/// label that no neighbour has keeps its score. Nothing is trained. Neighbours with a cosine of 0 or
/// less do not count: a text in which the model recognises nothing has none.
///
/// - Paper: Wang, Chang, Jiang, Zhang, Yu, Vishwanathan. Retrieval-augmented Encoders for Extreme
///   Multi-label Text Classification. 2025, inference. <https://arxiv.org/abs/2502.10615>
/// - Departures: the paper searches documents and labels together, mixes two softmax distributions
///   and trains with the documents as keys. Scores here are not those of a softmax over labels, as a
///   document has several, so a logarithm is added to them; the model is trained without memory.
package struct DocumentMemory: Sendable {
  package let configuration: DocumentMemoryConfiguration
  /// `[M, D]`, unit length.
  let store: VectorStore
  /// `[M, L]`; the labels of each document.
  package let labels: CSRMatrix

  /// ε: a share of the neighbours that doubles exp(s) at λ = 1.
  package static let floor = 0.1

  /// Remembers documents.
  ///
  /// - Parameters:
  ///   - embeddings: `[M, D]`, kept as float16.
  ///   - labels: `[M, L]`; documents without labels are left out.
  /// - Throws: `ValueError` if an embedding is not finite.
  package init(
    _ configuration: DocumentMemoryConfiguration, embeddings: Tensor, labels: CSRMatrix
  ) throws {
    precondition(
      embeddings.size(along: 0) == labels.rowCount,
      "\(embeddings.size(along: 0)) embeddings of \(labels.rowCount) documents")
    var store = VectorStore(
      dimension: embeddings.size(along: 1), scalar: .float16, metric: .cosine,
      note: ["of": "memory"])
    let rows = (0..<labels.rowCount).filter { !labels.entries(ofRow: $0).isEmpty }
    for start in stride(from: 0, to: rows.count, by: 4096) {
      let block = start..<min(start + 4096, rows.count)
      let indices = Tensor(rows[block].map { Int64($0) })
      try store.add(embeddings.gathered(rows: indices), ids: block.map { "\($0)" })
    }
    self.configuration = configuration
    self.store = store
    let known = labels.selecting(rows: rows)
    self.labels = CSRMatrix(
      rowOffsets: known.rowOffsets, columns: known.columns, values: nil,
      columnCount: known.columnCount)
  }

  init(_ configuration: DocumentMemoryConfiguration, store: VectorStore, labels: CSRMatrix) {
    (self.configuration, self.store, self.labels) = (configuration, store, labels)
  }

  /// The memory of the first `dimension` numbers of the embeddings, compared by their cosine.
  ///
  /// - Precondition: `dimension` is from 1 to that of the embeddings.
  func truncated(to dimension: Int) throws -> DocumentMemory {
    var short = VectorStore(
      dimension: dimension, scalar: store.scalar, metric: store.metric, note: store.note)
    for start in stride(from: 0, to: store.rowCount, by: 4096) {
      let rows = start..<min(start + 4096, store.rowCount)
      let values = rows.flatMap { store.vector(ofRow: $0).prefix(dimension) }
      try short.add(
        Tensor(values, shape: [rows.count, dimension]), ids: rows.map { store.id(ofRow: $0) })
    }
    return DocumentMemory(configuration, store: short, labels: labels)
  }

  /// The same documents with some of their labels, numbered from 0.
  func selecting(labels range: Range<Int>) -> DocumentMemory {
    DocumentMemory(configuration, store: store, labels: labels.selecting(labels: range))
  }

  /// The nearest documents, nearest first, with their cosines; only those above 0.
  ///
  /// - Parameter documents: `[N, D]`.
  /// - Returns: rows of `labels` as labels.
  package func neighbours(of documents: Tensor) throws -> TopK {
    let nearest = try ExactSearch(store)(documents, k: configuration.neighbours)
    var result = TopK(k: configuration.neighbours)
    for row in 0..<nearest.rowCount {
      let scores = nearest.scores(ofRow: row)
      let count = scores.prefix { $0 > 0 }.count
      try result.append(
        labels: Array(nearest.labels(ofRow: row).prefix(count)), scores: Array(scores.prefix(count))
      )
    }
    return result
  }

  /// The share q of each label among the neighbours of a document.
  ///
  /// - Parameter nearest: rows of `labels` and their cosines, nearest first.
  package func shares(
    of nearest: (rows: ArraySlice<Int32>, cosines: ArraySlice<Float>), temperature: Double
  ) -> [Int32: Double] {
    guard let first = nearest.cosines.first else { return [:] }
    let weights = nearest.cosines.map { exp((Double($0) - Double(first)) / temperature) }
    let total = weights.reduce(0, +)
    var shares: [Int32: Double] = [:]
    for (row, weight) in zip(nearest.rows, weights) {
      for label in labels.columns(ofRow: Int(row)) { shares[label, default: 0] += weight / total }
    }
    return shares
  }

  /// The addition λ log(1 + q / ε) to a score.
  package static func addition(ofShare share: Double, weight: Double) -> Double {
    weight * log1p(share / floor)
  }

  /// Adds the memory's scores in place.
  ///
  /// - Parameters:
  ///   - scores: `[N, L or more]`, float32.
  ///   - documents: `[N, D]`, the embeddings of the documents.
  /// - Throws: `ValueError` if an embedding is not finite, `TorchError`.
  func add(to scores: Tensor, of documents: Tensor) throws {
    let nearest = try neighbours(of: documents)
    let width = scores.size(along: 1)
    scores.withUnsafeMutableElements(of: Float.self) { scores in
      // Empty if the tensor has another form; the caller throws the refusal.
      guard scores.count == nearest.rowCount * width else { return }
      for row in 0..<nearest.rowCount {
        let shares = shares(
          of: (nearest.labels(ofRow: row), nearest.scores(ofRow: row)),
          temperature: configuration.temperature)
        for (label, share) in shares {
          scores[row * width + Int(label)] += Float(
            Self.addition(ofShare: share, weight: configuration.weight))
        }
      }
    }
  }
}
