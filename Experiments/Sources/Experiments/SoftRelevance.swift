import Datasets
import Foundation
import Learning
import Torch

/// Margins by soft relevances against losses that know pairs or classes only.
final class SoftRelevance: Experiment {
  static let name = "soft-relevance"
  static let claim =
    "Margins as large as relevances differ, on both sides (symmetric multi-similarity), rank partly relevant examples better than losses that only know pairs (InfoNCE) or classes (SupCon) and take the others for negatives."
  static let paper =
    "Wang, Wang, Chau. EVA02-AT: Egocentric Video-Language Understanding with Spatial-Temporal Rotary Positional Embeddings and Symmetric Optimization. 2025. <https://arxiv.org/abs/2506.14356>"
  static let data =
    "BANKING77: 10,003 questions to learn from, 1,500 to test. Each question's words are dealt to two texts; one half's embedding ranks the other halves of all test questions. Relevance is the overlap of the words in the names of two classes, 1 in one class. A bag encoder of 64 dimensions, 5 epochs of batches of 128; InfoNCE and SupCon, which knows classes but no overlaps, with τ = 0.07."
  static let file = #fileID
  static let sources = [
    "Experiments/Sources/Experiments/GenerativeProbe.swift",
    "Sources/Learning/Encoders/BagEncoder.swift",
    "Sources/Learning/Losses/SymmetricInfoNCELoss.swift",
    "Sources/Learning/Pairs/SupConLoss.swift",
    "Sources/Learning/Pairs/SymmetricMultiSimilarityLoss.swift",
  ]
  static let conditionName = "batch"
  static let conditions = ["128"]
  static let arms = ["InfoNCE", "SupCon", "symmetric multi-similarity"]
  static let measures = ["nDCG (%)", "MAP of the same class (%)"]

  private let train: (texts: [String], names: [String])
  private let test: (texts: [String], names: [String])
  private let features: TextFeatures
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    self.options = options
    let folder = DataFolder(path: options.data)
    let origin = "BANKING77's train.csv and test.csv, packed with xz"
    let files = try ["train", "test"].map {
      try GenerativeProbe.records(
        of: folder.unpackedText("banking77/\($0).csv.xz", origin: origin))
    }
    train = (files[0].map(\.text), files[0].map(\.name))
    var random = SplitMix64(77)
    let some = files[1].shuffled(using: &random).prefix(1_500)
    test = (some.map(\.text), some.map(\.name))
    features = try TextFeatures(learningFrom: train.texts, threads: options.threads)
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let encoder = BagEncoder(
      .init(dimension: 64, isNormalized: true), featureCount: features.vocabulary.count,
      generator: Generator(seed: seed))
    let optimizer = SparseAdam(encoder.parameters.map(\.tensor), .init(learningRate: 0.01))
    let size = Int(condition) ?? 0
    var random = SplitMix64(seed, 17)
    let places = Dictionary(
      uniqueKeysWithValues: Set(train.names).sorted().enumerated().map { ($1, $0) })
    for _ in 0..<options.budget(5) {
      let order = train.texts.indices.shuffled(using: &random)
      let end = options.isQuick ? size : order.count
      for start in stride(from: 0, through: end - size, by: size) {
        let batch = Array(order[start..<(start + size)])
        let (left, right) = halves(batch.map { train.texts[$0] }, using: &random)
        let (first, second) = (try embedded(left, encoder), try embedded(right, encoder))
        let names = batch.map { train.names[$0] }
        let value =
          switch arm {
          case Self.arms[0]:
            try SymmetricInfoNCELoss(temperature: 0.07, smoothing: 0)(
              queries: first, references: second)
          case Self.arms[1]:
            try SupConLoss(temperature: 0.07)(
              views: [first, second], classes: names.map { places[$0] ?? 0 })
          default:
            try SymmetricMultiSimilarityLoss()(
              first: first, second: second, relevance: Self.relevance(names))
          }
        optimizer.clearGradients()
        try value.backward()
        try optimizer.step()
      }
    }
    // The same halves for all.
    var fixed = SplitMix64(78)
    let (left, right) = halves(test.texts, using: &fixed)
    return try withoutGradients {
      Self.ranking(
        scores: try embedded(left, encoder).matmul(embedded(right, encoder).transposed()),
        relevance: Self.relevance(test.names))
    }
  }

  private func embedded(_ texts: [String], _ encoder: BagEncoder) throws -> Tensor {
    encoder.normalized(try encoder(features.bags(of: texts, threads: options.threads)))
  }

  /// Each word goes to one of two texts.
  private func halves(
    _ texts: [String], using random: inout SplitMix64
  ) -> (first: [String], second: [String]) {
    let dealt = texts.map { text in
      let words = text.split(separator: " ").shuffled(using: &random)
      let half = (words.count + 1) / 2
      return (
        words.prefix(half).joined(separator: " "), words.suffix(half).joined(separator: " ")
      )
    }
    return (dealt.map(\.0), dealt.map(\.1))
  }

  /// Words in both names over words in either, for all pairs.
  private static func relevance(_ names: [String]) -> Tensor {
    let kinds = Array(Set(names)).sorted()
    let words = kinds.map { Set($0.lowercased().split(separator: "_")) }
    let table = words.flatMap { some in
      words.map { Float(some.intersection($0).count) / Float(some.union($0).count) }
    }
    let places = Dictionary(uniqueKeysWithValues: kinds.enumerated().map { ($1, $0) })
    let rows = Tensor(names.compactMap { places[$0] })
    return Tensor(table, shape: [kinds.count, kinds.count]).gathered(rows: rows)
      .gathered(rows: rows, along: 1)
  }

  /// nDCG with relevances as gains, and MAP where relevance is 1, in percent.
  private static func ranking(scores: Tensor, relevance: Tensor) -> [Double] {
    let count = scores.size(along: 1)
    let ranks = (Tensor.range(0..<count) + 1).converted(to: .float32)
    let discounts = (ranks + 1).log()
    let found = relevance.gathered(
      at: scores.sorted(along: 1, descending: true).indices, along: 1)
    let best = relevance.sorted(along: 1, descending: true).values
    let gains = (found / discounts).sum(along: 1) / (best / discounts).sum(along: 1)
    let hits = found.isGreater(than: 0.999).converted(to: .float32)
    let precisions = hits * hits.cumulativeSum(along: 1) / ranks
    let averages = precisions.sum(along: 1) / hits.sum(along: 1)
    return [gains.mean().scalar * 100, averages.mean().scalar * 100]
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = arms.prefix(2).map { arm in
      measures.indices.map { record.gain(arms[2], over: arm, conditions[0], measure: $0) }
    }
    let texts = zip(arms, gains).map { arm, gains in
      "\(gains[0].text) of nDCG and \(gains[1].text) of MAP over \(arm)"
    }
    return Verdict(
      parts: gains.map { $0[0].mean > $0[0].deviation },
      "Symmetric multi-similarity, in points: \(texts.joined(separator: "; ")).")
  }
}
