import Contrastive
import Datasets
import Extreme
import Foundation
import Storage
import Torch

/// Margins by graded relevance against losses that know only pairs or classes.
final class SoftRelevance: Experiment {
  static let name = "soft-relevance"
  static let claim =
    "Margins as large as relevances differ, on both sides (symmetric multi-similarity), rank partly relevant examples better than losses that only know pairs (InfoNCE) or classes (SupCon) and take the others for negatives."
  static let paper =
    "Wang, Wang, Chau. EVA02-AT: Egocentric Video-Language Understanding with Spatial-Temporal Rotary Positional Embeddings and Symmetric Optimization. 2025. <https://arxiv.org/abs/2506.14356>"
  static let data =
    "BANKING77: 8,503 questions to learn from, 1,500 held out to choose by, 1,500 to test. Each question's words are dealt to two texts; one half's embedding ranks the other halves of all questions to judge by. Relevance is the overlap of the words in the names of two classes, 1 in one class; SupCon knows classes but no overlaps. The pairs of symmetric multi-similarity are halves of one question or, as the authors do, of two questions whose relevance is above 0.1. A bag encoder of 64 dimensions, 10 epochs of batches of 128."
  static var uses: [Any.Type] {
    [
      Banking77.self, TextFeatures.self, BagEncoder.self, SymmetricInfoNCELoss.self,
      SupConLoss.self, SymmetricMultiSimilarityLoss.self,
    ]
  }
  static let conditionName = "batch"
  static let conditions = [128]
  enum Arm: String, Named, CaseIterable {
    case infoNCE = "InfoNCE"
    case supCon = "SupCon"
    case multiSimilarity = "symmetric multi-similarity"
  }
  static let measures = ["nDCG (%)", "MAP of the same class (%)"]
  static let choiceSeeds = 1
  static let settingName = "τ, or γ, λ and pairs"
  enum Setting: Named {
    enum Pairs: String, CaseIterable { case halves, drawn }
    case temperature(Double)
    case margin(Double, slack: Double, Pairs)

    var name: String {
      switch self {
      case .temperature(let temperature): temperature.name
      case .margin(let margin, let slack, let pairs):
        "\(margin.name) \(slack.name) \(pairs.rawValue)"
      }
    }

    /// Whether partners are drawn from related questions.
    var isDrawn: Bool {
      if case .margin(_, _, .drawn) = self { true } else { false }
    }
  }
  static func settings(of arm: Arm) -> [Setting] {
    guard arm == .multiSimilarity else {
      return [0.02, 0.05, 0.1, 0.2, 0.4].map { .temperature($0) }
    }
    return Setting.Pairs.allCases.flatMap { pairs in
      [(0.6, 0.1), (1, 0.1), (1.5, 0.1), (1, 0)].map { .margin($0, slack: $1, pairs) }
    }
  }

  private let train: (texts: [String], names: [String])
  private let test: (texts: [String], names: [String])
  private let kinds: [String: Int]
  /// The number of words common to both class names over the number in either.
  private let overlaps: Tensor
  /// The questions with a relevance above 0.1 for each class, from which the authors draw.
  private let related: [[Int]]
  private let features: TextFeatures
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    self.options = options
    let files = try Banking77.questions(options)
    var random = SplitMix64(77)
    let known = files.train.shuffled(using: &random)
    let learned = known.dropFirst(1_500)
    train = (learned.map(\.text), learned.map(\.name))
    let some = (options.part == .test ? files.test.shuffled(using: &random) : known).prefix(1_500)
    test = (some.map(\.text), some.map(\.name))
    let names = train.names
    let sorted = Set(names).sorted()
    kinds = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
    let words = sorted.map { Set($0.lowercased().split(separator: "_")) }
    let table = words.map { some in
      words.map { Double(some.intersection($0).count) / Double(some.union($0).count) }
    }
    overlaps = Tensor(rows: table).converted(to: .float32)
    related = table.map { row in
      let near = Set(sorted.indices.filter { row[$0] > 0.1 }.map { sorted[$0] })
      return names.indices.filter { near.contains(names[$0]) }
    }
    features = try TextFeatures(learningFrom: train.texts, threads: options.threads)
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    let encoder = BagEncoder(
      .init(dimension: 64, isNormalized: true), featureCount: features.vocabulary.count,
      generator: Generator(seed: seed))
    let optimizer = SparseAdam(encoder.parameters.map(\.tensor), .init(learningRate: 0.01))
    let size = condition
    var random = SplitMix64(seed, 17)
    for _ in 0..<options.budget(10) {
      let order = train.texts.indices.shuffled(using: &random)
      let end = options.isQuick ? size : order.count
      for start in stride(from: 0, through: end - size, by: size) {
        let batch = Array(order[start..<(start + size)])
        let classes = batch.compactMap { kinds[train.names[$0]] }
        var others = batch
        var (left, right) = halves(batch.map { train.texts[$0] }, using: &random)
        if setting.isDrawn {
          others = classes.compactMap { related[$0].randomElement(using: &random) }
          right = halves(others.map { train.texts[$0] }, using: &random).1
        }
        let (first, second) = (try embedded(left, encoder), try embedded(right, encoder))
        let value =
          switch setting {
          case .temperature(let temperature) where arm == .infoNCE:
            try SymmetricInfoNCELoss(temperature: temperature, smoothing: 0)(
              queries: first, references: second)
          case .temperature(let temperature):
            try SupConLoss(temperature: temperature)(
              views: [first, second], classes: classes)
          case .margin(let margin, let slack, _):
            try SymmetricMultiSimilarityLoss(margin: margin, slack: slack)(
              first: first, second: second,
              relevance: relevance(classes, others.compactMap { kinds[train.names[$0]] }))
          }
        optimizer.clearGradients()
        try value.backward()
        try optimizer.step()
      }
    }
    let judged = test.names.compactMap { kinds[$0] }
    // The same halves for all arms.
    var fixed = SplitMix64(78)
    let (left, right) = halves(test.texts, using: &fixed)
    return try withoutGradients {
      Self.ranking(
        scores: try embedded(left, encoder).matmul(embedded(right, encoder).transposed()),
        relevance: relevance(judged, judged))
    }
  }

  private func embedded(_ texts: [String], _ encoder: BagEncoder) throws -> Tensor {
    encoder.normalized(try encoder(features.bags(of: texts, threads: options.threads)))
  }

  /// Assigns each word to one of two texts.
  private func halves(_ texts: [String], using random: inout SplitMix64) -> ([String], [String]) {
    let dealt = texts.map { text in
      let words = text.split(separator: " ").shuffled(using: &random)
      let half = (words.count + 1) / 2
      return [words.prefix(half), words.suffix(half)].map { $0.joined(separator: " ") }
    }
    return (dealt.map { $0[0] }, dealt.map { $0[1] })
  }

  private func relevance(_ rows: [Int], _ columns: [Int]) -> Tensor {
    overlaps.gathered(rows: Tensor(rows)).gathered(rows: Tensor(columns), along: 1)
  }

  /// nDCG with relevances as gains, and MAP with relevance 1 as relevant, in percent.
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

  static func verdict(_ record: Results<SoftRelevance>) -> Verdict {
    let gains = arms.prefix(2).map { arm in
      measures.indices.map { record.gain(.multiSimilarity, over: arm, conditions[0], measure: $0) }
    }
    let texts = zip(arms, gains).map { arm, gains in
      "\(gains[0].text) of nDCG and \(gains[1].text) of MAP over \(arm.name)"
    }
    return Verdict(
      parts: gains.map { $0[0].isAbove() },
      "Symmetric multi-similarity, in points: \(texts.joined(separator: "; ")).")
  }
}
