public import Torch

/// A weighted vote of the nearest neighbours: evaluates embeddings without any training.
///
/// With Nₖ the k training embeddings with the largest cosine to x, and sᵢ their cosines:
///
///     score(c) = Σ_{i ∈ Nₖ, cᵢ = c} exp(sᵢ / τ) / Σ_{i ∈ Nₖ} exp(sᵢ / τ)
///
/// - Paper: Wu, Xiong, Yu, Lin. Unsupervised Feature Learning via Non-Parametric Instance
///   Discrimination. CVPR 2018, section 3.4. <https://arxiv.org/abs/1805.01978>
/// - Units: fractions of the vote, 0 to 1; each row sums to 1.
/// - Departures: the votes are normalised, which changes no prediction. Of equally near neighbours
///   at the end of the k the earlier row counts; of classes with equal votes the smaller wins.
public struct NearestNeighbourProbe: EmbeddingProbe {
  /// The number k of neighbours; DINO's 20 (Wu and others use 200).
  public var neighbours: Int
  /// The temperature τ > 0; the paper's 0.07.
  public var temperature: Double

  /// Creates the probe.
  public init(neighbours: Int = 20, temperature: Double = 0.07) {
    self.neighbours = neighbours
    self.temperature = temperature
  }

  /// Stores the training embeddings, `[N, D]`.
  ///
  /// - Precondition: k ≥ 1 and τ > 0.
  public func fitted(to embeddings: Tensor, classes: [Int]) throws -> any EmbeddingClassifier {
    precondition(neighbours >= 1, "\(neighbours) neighbours")
    precondition(temperature > 0, "the temperature \(temperature) is not positive")
    let index = try ClassIndex(classes, of: embeddings)
    return withoutGradients {
      Vote(
        probe: self, embeddings: embeddings.normalized(), classes: Tensor(classes),
        classCount: index.classCount)
    }
  }

  private struct Vote: EmbeddingClassifier {
    let probe: NearestNeighbourProbe
    /// `[N, D]`, of unit length.
    let embeddings: Tensor
    let classes: Tensor
    let classCount: Int

    func scores(of queries: Tensor) throws -> Tensor {
      try ClassIndex.check(queries, width: embeddings.size(along: 1))
      let (count, total) = (queries.size(along: 0), embeddings.size(along: 0))
      let blockSize = max(1, 4_000_000 / total)
      return try withoutGradients {
        let blocks = try stride(from: 0, to: count, by: blockSize).map { start in
          let rows = queries[start..<min(count, start + blockSize)].normalized()
          return try votes(of: rows.matmul(embeddings.transposed()))
        }
        return blocks.isEmpty ? .zeros([0, classCount]) : .concatenated(blocks)
      }
    }

    /// `[B, C]` of the cosines `[B, N]`.
    private func votes(of cosines: Tensor) throws -> Tensor {
      let (rows, total) = (cosines.size(along: 0), cosines.size(along: 1))
      let k = min(probe.neighbours, total)
      var nearest = TopK(k: k)
      try cosines.converted(to: .float32).contiguous().withUnsafeBytes { bytes in
        let values = bytes.bindMemory(to: Float.self)
        for row in 0..<rows {
          try nearest.append(
            selectingFrom: UnsafeBufferPointer(
              rebasing: values[(row * total)..<((row + 1) * total)]))
        }
      }
      let indices = Tensor(nearest.labels.map(Int.init), shape: [rows, k])
      let weights = (cosines.gathered(at: indices, along: 1) / probe.temperature).softmax(along: 1)
      let voters = classes.gathered(rows: indices.reshaped([rows * k])).reshaped([rows, k])
      return Tensor.zeros([rows, classCount], dtype: weights.dtype)
        .scatterAdding(weights, at: voters, along: 1)
    }
  }
}
