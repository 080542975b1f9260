package import Torch

/// Chooses documents to label next: uncertain ones that are unlike each other.
///
/// The most uncertain documents are the candidates. From these, documents are taken one after the
/// other, each with the largest
///
///     uᵢ · (1 − maxⱼ cos(xᵢ, xⱼ))
///
/// with uᵢ the uncertainty of candidate i, and xⱼ the embeddings of those taken before. Without
/// uncertainties that is the greedy k-center algorithm.
///
/// - Paper: Sener, Savarese. Active Learning for Convolutional Neural Networks: A Core-Set Approach.
///   ICLR 2018, algorithm 1. <https://arxiv.org/abs/1708.00489>
/// - Departures: the distances are cosine distances, to the documents of this choice alone, and are
///   weighted by the uncertainties, and negative cosines count as 0; the candidates are limited to the
///   most uncertain.
package struct DocumentSelection {
  /// The number of documents to choose.
  package var count: Int
  /// The number of candidates for each document.
  package var candidates: Int

  /// Creates a selection.
  package init(count: Int, candidates: Int = 5) {
    self.count = count
    self.candidates = candidates
  }

  /// The chosen documents, in the order in which they were taken.
  ///
  /// - Parameters:
  ///   - uncertainties: at least 0, one for each document.
  ///   - embeddings: `[documents, D]`.
  /// - Complexity: O(`count`² · `candidates` · D).
  package func callAsFunction(_ uncertainties: [Double], embeddings: Tensor) -> [Int] {
    let order = uncertainties.indices.sorted { (-uncertainties[$0], $0) < (-uncertainties[$1], $1) }
    let pool = Array(order.prefix(max(count, 1) * candidates))
    guard pool.count > 1 else { return Array(pool.prefix(count)) }
    let vectors = embeddings.gathered(rows: Tensor(pool.map(Int64.init))).normalized()
    var nearest = [Double](repeating: 0, count: pool.count)
    var isTaken = [Bool](repeating: false, count: pool.count)
    var result: [Int] = []
    while result.count < min(count, pool.count) {
      var best: (index: Int, value: Double)?
      for index in pool.indices where !isTaken[index] {
        let value = uncertainties[pool[index]] * (1 - nearest[index])
        if value > best?.value ?? -.infinity { best = (index, value) }
      }
      guard let index = best?.index else { break }
      isTaken[index] = true
      result.append(pool[index])
      let cosines = vectors.matmul(vectors[index..<index + 1].transposed()).array(of: Float.self)
      for (other, cosine) in cosines.enumerated() {
        nearest[other] = min(max(nearest[other], Double(cosine)), 1)
      }
    }
    return result
  }
}
