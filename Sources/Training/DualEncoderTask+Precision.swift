import Evaluation
import Extreme
import Models
import Storage
import Torch

/// How much rankings with rounded weights differ from those before.
struct RankingAgreement: Hashable {
  /// The share of documents with the same top label, from 0 to 1.
  var firstLabels: Double
  /// The mean share of the top labels that both rankings have, from 0 to 1.
  var topLabels: Double
  /// The number of documents by which the hits of the top label differ.
  var changedHits: Int
  /// The number of documents.
  var documents: Int

  /// The number of labels to compare.
  static let depth = 5

  /// Whether the rankings count as unchanged.
  ///
  /// With 8-bit tables, the top label changed on at most 0.2 % of held-out documents, the top five
  /// kept at least 99.9 %, and P@1 moved by at most 0.04 points, on five data sets; see
  /// `Benchmarks/results/run-sizes.md`.
  var isEnough: Bool {
    firstLabels >= 0.995 && topLabels >= 0.995 && changedHits <= max(1, documents / 1000)
  }

  /// Compares two rankings of the same documents.
  init(_ before: TopK, _ after: TopK, truth: CSRMatrix) {
    let count = Double(max(truth.rowCount, 1))
    var (first, shared, hits) = (0, 0.0, 0)
    for row in 0..<truth.rowCount {
      let (old, new) = (Array(before.labels(ofRow: row)), Array(after.labels(ofRow: row)))
      first += old.first == new.first ? 1 : 0
      shared += old.isEmpty ? 1 : Double(Set(old).intersection(new).count) / Double(old.count)
      let labels = truth.columns(ofRow: row)
      hits += old.first.map(labels.contains) ?? false ? 1 : 0
      hits -= new.first.map(labels.contains) ?? false ? 1 : 0
    }
    (firstLabels, topLabels) = (Double(first) / count, shared / count)
    (changedHits, documents) = (abs(hits), truth.rowCount)
  }
}

extension DualEncoderTask {
  /// The most documents whose rankings are compared.
  private static let comparedCount = 1000

  /// The shortest precision that keeps the rankings of held-out documents, or of training documents
  /// if none are held out.
  ///
  /// Leaves rounded weights in the model.
  ///
  /// - Parameters:
  ///   - tensors: the model.
  ///   - labels: the vectors of all labels, `[L, D]`.
  func shortestPrecision(of tensors: [String: Tensor], labels: Tensor) throws -> WeightPrecision {
    let sample = comparedExamples()
    let before = try ranking(of: sample, labels: labels)
    for precision in [WeightPrecision.int8, .float16] {
      guard
        let vectors = StoredTensor(labels, named: "embeddings", precision: precision)?.decoded(),
        try round(tensors, to: precision)
      else { continue }
      let after = try ranking(of: sample, labels: vectors)
      if RankingAgreement(before, after, truth: sample.examples.labels).isEnough {
        return precision
      }
    }
    return .float32
  }

  /// Rounds the weights of the model to those that a file of a precision contains.
  ///
  /// - Returns: whether the precision holds them.
  private func round(_ tensors: [String: Tensor], to precision: WeightPrecision) throws -> Bool {
    var targets = Dictionary(dualEncoder.parameters.map { ($0.name, $0.tensor) }) { $1 }
    targets[WidePart.modelPrefix + "weights"] = wide?.weights
    // Rankings use the vectors that are given, which may share this tensor's memory.
    targets["labels.vectors"] = nil
    for (name, target) in targets {
      guard let tensor = tensors[name],
        let stored = StoredTensor(tensor, named: name, precision: precision)
      else { return false }
      stored.copy(into: target)
    }
    return true
  }

  /// Documents and their rows.
  private struct Sample {
    var examples: Examples
    var rows: [Int]
    var areHeldOut: Bool
  }

  /// Evenly spaced documents.
  private func comparedExamples() -> Sample {
    let all = validation ?? examples
    let step = max(1, all.bags.rowCount / Self.comparedCount)
    let rows = Array(stride(from: 0, to: all.bags.rowCount, by: step).prefix(Self.comparedCount))
    return Sample(
      examples: Examples(
        bags: all.bags.selecting(rows: rows), labels: all.labels.selecting(rows: rows),
        filter: all.filter?.selecting(rows: rows)), rows: rows, areHeldOut: validation != nil)
  }

  private func ranking(of sample: Sample, labels: Tensor) throws -> TopK {
    let vectors: TextVectors? =
      if let transformer {
        sample.areHeldOut
          ? transformer.validationVectors(sample.rows) : transformer.documentVectors(sample.rows)
      } else {
        nil
      }
    return try scorer(labels: labels).topK(
      RankingAgreement.depth, of: sample.examples.bags, vectors: vectors,
      excluding: sample.examples.filter)
  }
}
