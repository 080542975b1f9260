import Extreme
import Foundation
package import Storage
package import Torch

/// Labels that are known by their texts alone; `TrainedModel.adding(_:)` has the rules.
extension Scorer {
  /// The number of similar labels that a new label's vector takes part in.
  private static let neighbourCount = 100
  /// The softmax temperature of their weights.
  private static let neighbourTemperature = 0.1
  /// The training documents of a label that counts as one in use.
  private static let usedCount = 5
  /// The number of new labels that are compared with all trained ones at once.
  private static let blockSize = 1024

  /// The vectors of new labels, `[N, D]`.
  ///
  /// - Parameters:
  ///   - bags: `[N, features]`; the bags of their texts.
  ///   - own: the transformer's vectors of the same texts, `[N, W]`, if there is a tower.
  ///   - trainedCount: the number of labels that the model was trained on, the first ones.
  ///   - areLabelTexts: whether texts of labels have a separate encoder.
  /// - Complexity: O(N · labels · D) time; O(labels · block) memory besides the result.
  package func vectors(
    ofUntrained bags: CSRMatrix, vectors own: Tensor? = nil, trainedCount: Int, areLabelTexts: Bool
  ) throws -> Tensor {
    // Labels that were added before do not count: their order must not matter.
    let known = labelVectors[0..<trainedCount]
    let directions = known.normalized(along: -1).transposed().contiguous()
    let length = known.norm(along: -1).mean().scalar
    let parts = try stride(from: 0, to: bags.rowCount, by: Self.blockSize).map { start in
      let rows = start..<min(start + Self.blockSize, bags.rowCount)
      let texts = bags.selecting(rows: rows)
      let vectors = own.map { $0[rows] }
      let encoded =
        try areLabelTexts
        ? embeddings(ofLabelTexts: texts, vectors: vectors)
        : embeddings(of: texts, vectors: vectors)
      let direction = encoded.normalized(along: -1)
      let similar = try Self.mean(of: known, nearest: direction.matmul(directions))
      return (direction + similar.normalized(along: -1)).normalized(along: -1) * length
    }
    return parts.count == 1 ? parts[0] : .concatenated(parts)
  }

  /// The mean of the nearest labels' vectors, `[N, D]`, weighted by exp(cosine / temperature).
  ///
  /// - Parameters:
  ///   - known: `[labels, D]`.
  ///   - cosines: `[N, labels]`.
  private static func mean(of known: Tensor, nearest cosines: Tensor) throws -> Tensor {
    let labelCount = known.size(along: 0)
    let count = min(neighbourCount, labelCount)
    let nearest = cosines.largest(count)
    let weights = (nearest.values * (1 / neighbourTemperature)).softmax(along: -1)
    let neighbours = CSRMatrix(
      rowOffsets: MappedArray((0...cosines.size(along: 0)).map { Int64($0 * count) }),
      columns: MappedArray(nearest.indices.array(of: Int64.self).map(Int32.init)),
      values: MappedArray(weights.array(of: Float.self)), columnCount: labelCount)
    return try EmbeddingBag(weight: known)(neighbours).detached()
  }

  /// The bias of a label of unknown frequency: labels that people add are in use, so that the many
  /// labels with hardly any documents do not count.
  ///
  /// - Parameters:
  ///   - biases: those of the trained labels.
  ///   - counts: their numbers of training documents; empty if unknown.
  package static func bias(ofUntrainedAmong biases: Tensor, counts: [Int]) -> Float {
    let trained = biases.array(of: Float.self).map(Double.init)
    let used = zip(trained, counts).filter { $0.1 >= usedCount }.map { $0.0 }
    let shown = used.isEmpty ? trained : used
    let largest = shown.max() ?? 0
    let mean = shown.map { exp($0 - largest) }.reduce(0, +) / Double(shown.count)
    return Float(largest + log(mean))
  }

  /// The bias of a label that is known not to be in use: that of half a training document.
  ///
  /// Most labels of a vocabulary are of this kind. With the bias of labels in use they would take the
  /// places of others; `Benchmarks/results/vocabulary.md` has the measurements.
  package static func bias(ofUnusedAmong biases: Tensor, counts: [Int]) -> Float {
    let used = counts.filter { $0 >= usedCount }
    let shown = used.isEmpty ? counts : used
    let mean = Double(shown.reduce(0, +)) / Double(max(shown.count, 1))
    return bias(ofUntrainedAmong: biases, counts: counts) - Float(log(max(mean, 0.5) / 0.5))
  }
}
