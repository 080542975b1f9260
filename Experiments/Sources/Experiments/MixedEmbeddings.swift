import Learning
import Torch

/// Metrix on top of multi-similarity.
struct MixedEmbeddings: Experiment {
  static let name = "metrix"
  static let claim =
    "Mixtures of positives and negatives as further examples (Metrix) make multi-similarity retrieve better."
  static let paper =
    "Venkataramanan, Psomas, Kijak, Amsaleg, Karantzalos, Avrithis. It Takes Two to Tango: Mixup for Deep Metric Learning. ICLR 2022. <https://arxiv.org/abs/2106.04990>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, the second set's characters to retrieve among each other (20 pictures each). 900 batches, AdamW, embeddings of 64 dimensions, weight 0.4 of the mixtures."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Sources/Learning/Pairs/MetrixLoss.swift", "Sources/Learning/Pairs/MultiSimilarityLoss.swift",
    ]
  static let conditionName = "batch"
  static let conditions = ["8 × 4", "32 × 4"]
  static let arms = ["multi-similarity", "with Metrix, positives", "with Metrix, anchors"]
  static let measures = ["R@1 (%)", "MAP@R (%)"]

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 5)
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: condition == Self.conditions[0] ? 8 : 32,
      shots: 4
    ) { embeddings, classes in
      let plain = try MultiSimilarityLoss()(embeddings: embeddings, classes: classes)
      if arm == Self.arms[0] { return plain }
      let loss = MetrixLoss()
      let draw = loss.draw(
        classes: classes, partner: arm == Self.arms[1] ? .positive : .anchor, using: &random)
      return plain + 0.4 * (try loss(embeddings: embeddings, classes: classes, draw: draw))
    }
    return try characters.retrieval(encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = conditions.flatMap { condition in
      arms.dropFirst().map { ($0, condition, record.gain($0, over: arms[0], condition)) }
    }
    let texts = gains.map { "\($0.0) \($0.2.text) in batches of \($0.1)" }
    return Verdict(
      parts: gains.map { $0.2.mean > $0.2.deviation },
      "R@1 over multi-similarity alone, in points: \(texts.joined(separator: ", ")).")
  }
}
