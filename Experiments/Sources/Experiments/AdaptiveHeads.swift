import Learning
import Torch

/// Several heads with learned temperatures against one head with a fixed one.
struct AdaptiveHeads: Experiment {
  static let name = "adaptive-heads"
  static let claim =
    "Several projection heads with a learned temperature for every pair (AMCL) give better embeddings than one head with a fixed temperature, the more so with stronger views."
  static let paper =
    "Wang, Koniusz, Gedeon, Zheng. Adaptive Multi-head Contrastive Learning. ECCV 2024. <https://arxiv.org/abs/2310.05615>"
  static let data =
    "MNIST: 5,000 pictures to learn from without classes (25,600 seen, batches of 128 in two views, AdamW), 2,000 to test. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000. Heads are perceptrons to 32 numbers; InfoNCE has τ = 0.1 and averages over its heads, AMCL the authors' settings. Strong views are turned by up to 0.8 and show as little as 0.4 of a side."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Learning/Encoders/ProjectionHead.swift",
      "Sources/Learning/Pairs/AdaptiveMultiHeadLoss.swift",
      "Sources/Learning/Pairs/NTXentLoss.swift",
    ]
  static let conditionName = "views"
  static let conditions = ["usual", "strong"]
  static let arms = ["InfoNCE, 1 head", "InfoNCE, 3 heads", "AMCL, 1 head", "AMCL, 3 heads"]
  static let measures = ["kNN accuracy (%)", "linear accuracy (%)"]

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let encoder = PictureEncoder(seed: seed)
    let generator = Generator(seed: seed &+ 1000)
    let heads = (0..<(arm.contains("3") ? 3 : 1)).map { _ in
      ProjectionHead(.init(inputs: 64, hidden: 64, outputs: 32), generator: generator)
    }
    let adaptive = AdaptiveMultiHeadLoss(.init(width: 32), generator: generator)
    let isAdaptive = arm.hasPrefix("AMCL")
    let learned =
      heads.flatMap(\.parameters) + (isAdaptive ? adaptive.parameters : [])
    let optimizer = AdamW(
      encoder.embeddingParameters + learned.map(\.tensor), .init(learningRate: 1e-3))
    let views =
      condition == Self.conditions[0] ? PictureViews() : PictureViews(turn: 0.8, scale: 0.4...1.2)
    var random = SplitMix64(seed, 16)
    for _ in 0..<options.budget(200) {
      let rows = Array(digits.classes.indices.shuffled(using: &random).prefix(128))
      let pictures = digits.pictures.gathered(rows: Tensor(rows))
      let seen = Tensor.concatenated((0..<2).map { _ in views(pictures, using: &random) })
      let embeddings = encoder.embedded(seen).relu()
      let outputs = heads.map { $0(embeddings) }
      let (first, second) = (outputs.map { $0[0..<128] }, outputs.map { $0[128..<256] })
      let value: Tensor
      if isAdaptive {
        value = try adaptive(first: first, second: second)
      } else {
        let losses = try zip(first, second).map {
          try NTXentLoss(temperature: 0.1)(first: $0, second: $1)
        }
        value = Tensor.stacked(losses).mean()
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return try digits.accuracies(of: encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let own = conditions.map { record.gain(arms[3], over: arms[0], $0) }
    let heads = conditions.map { record.gain(arms[3], over: arms[2], $0) }
    let texts = conditions.indices.map {
      "\(own[$0].text) over InfoNCE with one and \(heads[$0].text) over AMCL with one in \(conditions[$0]) views"
    }
    return Verdict(
      parts: (own + heads).map { $0.mean > $0.deviation } + [own[1].mean > own[0].mean],
      "AMCL with three heads by neighbours, in points: \(texts.joined(separator: "; ")).")
  }
}
