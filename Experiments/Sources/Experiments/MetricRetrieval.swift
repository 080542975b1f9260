import Learning
import Torch

/// The losses of metric learning on classes never seen.
struct MetricRetrieval: Experiment {
  static let name = "metric-retrieval"
  static let claim =
    "Multi-similarity and proxy-anchor retrieve examples of classes never seen better than semi-hard triplets."
  static let paper =
    "Wang, Han, Huang, Dong, Scott. Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning. CVPR 2019. Kim, Kim, Cho, Kwak. Proxy Anchor Loss for Deep Metric Learning. CVPR 2020. <https://arxiv.org/abs/2003.13911>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, the second set's characters to retrieve among each other (20 pictures each). 900 batches, AdamW, embeddings of 64 dimensions."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Experiments/Sources/Experiments/SettingNumbers.swift",
      "Sources/Learning/Pairs/MultiSimilarityLoss.swift",
      "Sources/Learning/Pairs/SupConLoss.swift", "Sources/Learning/Pairs/TripletLoss.swift",
      "Sources/Learning/Prototypes/NormalizedSoftmaxLoss.swift",
      "Sources/Learning/Prototypes/ProxyAnchorLoss.swift",
    ]
  static let conditionName = "batch"
  static let conditions = ["8 × 4", "32 × 4"]
  static let choiceConditions = ["8 × 4"]
  static let arms = [
    "triplet", "multi-similarity", "proxy anchor", "normalised softmax", "SupCon",
  ]
  static let measures = ["R@1 (%)", "MAP@R (%)"]
  static let settingName = "margin, sharpness or temperature"

  static func settings(of arm: String) -> [String] {
    switch arm {
    case arms[0]: ["semi-hard 0.1", "semi-hard 0.2", "semi-hard 0.5"]
    case arms[1]: ["α 2 β 50 λ 0.5", "α 18 β 75 λ 0.77", "α 2 β 20 λ 0.5"]
    case arms[2]: ["α 16 δ 0.1", "α 32 δ 0.1", "α 64 δ 0.1"]
    default: ["τ 0.05", "τ 0.1", "τ 0.2"]
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let weights = characters.classWeights(seed: seed)
    let learns = arm == Self.arms[2] || arm == Self.arms[3]
    let numbers = setting.settingNumbers
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: condition == Self.conditions[0] ? 8 : 32,
      shots: 4, weights: learns ? [weights] : []
    ) { embeddings, classes in
      switch arm {
      case Self.arms[0]:
        return try TripletLoss(margin: numbers[0])(
          embeddings: embeddings.normalized(), classes: classes)
      case Self.arms[1]:
        return try MultiSimilarityLoss(
          positiveSharpness: numbers[0], negativeSharpness: numbers[1], base: numbers[2])(
            embeddings: embeddings, classes: classes)
      case Self.arms[2]:
        return try ProxyAnchorLoss(margin: numbers[1], sharpness: numbers[0])(
          embeddings: embeddings, proxies: weights, classes: classes)
      case Self.arms[3]:
        return try NormalizedSoftmaxLoss(temperature: numbers[0])(
          embeddings: embeddings, weights: weights, classes: classes)
      default:
        return try SupConLoss(temperature: numbers[0])(embeddings: embeddings, classes: classes)
      }
    }
    return try characters.retrieval(encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = conditions.flatMap { condition in
      [arms[1], arms[2]].map { (condition, $0, record.gain($0, over: arms[0], condition)) }
    }
    let texts = gains.map { "\($0.1) \($0.2.text) in batches of \($0.0)" }
    return Verdict(
      parts: gains.map { $0.2.isAbove() },
      "R@1 over triplets, in points: \(texts.joined(separator: ", ")).")
  }
}
