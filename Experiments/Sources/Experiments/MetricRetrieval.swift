import Contrastive
import Torch

/// Metric learning losses on unseen classes.
struct MetricRetrieval: Experiment {
  static let name = "metric-retrieval"
  static let claim =
    "Multi-similarity and proxy-anchor retrieve examples of classes never seen better than semi-hard triplets."
  static let paper =
    "Wang, Han, Huang, Dong, Scott. Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning. CVPR 2019. Kim, Kim, Cho, Kwak. Proxy Anchor Loss for Deep Metric Learning. CVPR 2020. <https://arxiv.org/abs/2003.13911>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, the second set's characters to retrieve among each other (20 pictures each). 900 batches, AdamW, embeddings of 64 dimensions."
  static var uses: [Any.Type] {
    [
      Characters.self, MultiSimilarityLoss.self, SupConLoss.self, TripletLoss.self,
      NormalizedSoftmaxLoss.self, ProxyAnchorLoss.self,
    ]
  }
  static let conditionName = "batch"
  static let conditions = [BatchShape(8, 4), BatchShape(32, 4)]
  static let choiceConditions = [BatchShape(8, 4)]
  enum Arm: String, Named, CaseIterable {
    case triplet
    case multiSimilarity = "multi-similarity"
    case proxyAnchor = "proxy anchor"
    case softmax = "normalised softmax"
    case supCon = "SupCon"
  }
  static let measures = ["R@1 (%)", "MAP@R (%)"]
  static let settingName = "margin, sharpness or temperature"

  enum Setting: Named {
    case semiHard(margin: Double)
    case pairs(positive: Double, negative: Double, base: Double)
    case anchor(sharpness: Double, margin: Double)
    case temperature(Double)

    var name: String {
      switch self {
      case .semiHard(let margin): "semi-hard \(margin.name)"
      case .pairs(let positive, let negative, let base):
        "α \(positive.name) β \(negative.name) λ \(base.name)"
      case .anchor(let sharpness, let margin): "α \(sharpness.name) δ \(margin.name)"
      case .temperature(let temperature): "τ \(temperature.name)"
      }
    }
  }

  static func settings(of arm: Arm) -> [Setting] {
    switch arm {
    case .triplet: [0.1, 0.2, 0.5].map { .semiHard(margin: $0) }
    case .multiSimilarity:
      [
        .pairs(positive: 2, negative: 50, base: 0.5),
        .pairs(positive: 18, negative: 75, base: 0.77),
        .pairs(positive: 2, negative: 20, base: 0.5),
      ]
    case .proxyAnchor: [16, 32, 64].map { .anchor(sharpness: $0, margin: 0.1) }
    case .softmax, .supCon: [0.05, 0.1, 0.2].map { .temperature($0) }
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: Arm, condition: BatchShape, setting: Setting, seed: UInt64) throws -> [Double] {
    let weights = characters.classWeights(seed: seed)
    let learns = arm == .proxyAnchor || arm == .softmax
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: condition.ways,
      shots: condition.shots, weights: learns ? [weights] : []
    ) { embeddings, classes in
      switch setting {
      case .semiHard(let margin):
        return try TripletLoss(margin: margin)(
          embeddings: embeddings.normalized(), classes: classes)
      case .pairs(let positive, let negative, let base):
        return try MultiSimilarityLoss(
          positiveSharpness: positive, negativeSharpness: negative, base: base)(
            embeddings: embeddings, classes: classes)
      case .anchor(let sharpness, let margin):
        return try ProxyAnchorLoss(margin: margin, sharpness: sharpness)(
          embeddings: embeddings, proxies: weights, classes: classes)
      case .temperature(let temperature) where arm == .softmax:
        return try NormalizedSoftmaxLoss(temperature: temperature)(
          embeddings: embeddings, weights: weights, classes: classes)
      case .temperature(let temperature):
        return try SupConLoss(temperature: temperature)(embeddings: embeddings, classes: classes)
      }
    }
    return try characters.retrieval(encoder)
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.flatMap { condition in
      [Arm.multiSimilarity, .proxyAnchor].map {
        (condition.name, $0.name, record.gain($0, over: .triplet, condition))
      }
    }
    let texts = gains.map { "\($0.1) \($0.2.text) in batches of \($0.0)" }
    return Verdict(
      parts: gains.map { $0.2.isAbove() },
      "R@1 over triplets, in points: \(texts.joined(separator: ", ")).")
  }
}
