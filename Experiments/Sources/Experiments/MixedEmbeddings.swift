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
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, the second set's characters to retrieve among each other (20 pictures each). 900 batches, AdamW, embeddings of 64 dimensions. Embeddings are mixed: all positives of an anchor, each with the 3 or 10 negatives most similar to the anchor."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Experiments/Sources/Experiments/SettingNumbers.swift",
      "Sources/Learning/Pairs/MetrixLoss.swift", "Sources/Learning/Pairs/MultiSimilarityLoss.swift",
    ]
  static let conditionName = "batch"
  static let conditions = ["8 × 4", "32 × 4"]
  static let arms = ["multi-similarity", "with Metrix"]
  static let measures = ["R@1 (%)", "MAP@R (%)"]
  static let settingName = "α, β and λ of multi-similarity, weight of mixtures, hardest negatives"

  static func settings(of arm: String) -> [String] {
    let losses = ["2 50 0.5", "18 75 0.77"]
    if arm == arms[0] { return losses }
    return losses.flatMap { loss in
      ["0.1", "0.4"].flatMap { weight in
        ["3", "10"].map { "\(loss) weight \(weight) of \($0)" }
      }
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 5)
    let numbers = setting.settingNumbers
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: condition == Self.conditions[0] ? 8 : 32,
      shots: 4
    ) { embeddings, classes in
      let plain = try MultiSimilarityLoss(
        positiveSharpness: numbers[0], negativeSharpness: numbers[1], base: numbers[2])(
          embeddings: embeddings, classes: classes)
      if arm == Self.arms[0] { return plain }
      let loss = MetrixLoss(
        positiveSharpness: numbers[0], negativeSharpness: numbers[1], base: numbers[2],
        hardest: Int(numbers[4]))
      let draw = loss.draw(classes: classes, partner: .positive, using: &random)
      return plain + numbers[3] * (try loss(embeddings: embeddings, classes: classes, draw: draw))
    }
    return try characters.retrieval(encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = conditions.map { ($0, record.gain(arms[1], over: arms[0], $0)) }
    let texts = gains.map { "\($0.1.text) in batches of \($0.0)" }
    return Verdict(
      parts: gains.map { $0.1.isAbove() },
      "R@1 over multi-similarity alone, in points: \(texts.joined(separator: ", ")).")
  }
}
