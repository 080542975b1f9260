import Contrastive
import Storage
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
  static var uses: [Any.Type] { [Characters.self, MetrixLoss.self, MultiSimilarityLoss.self] }
  static let conditionName = "batch"
  static let conditions = [BatchShape(8, 4), BatchShape(32, 4)]
  enum Arm: String, Named, CaseIterable {
    case plain = "multi-similarity"
    case metrix = "with Metrix"
  }
  static let measures = ["R@1 (%)", "MAP@R (%)"]
  static let settingName = "α, β and λ of multi-similarity, weight of mixtures, hardest negatives"

  struct Setting: Named {
    struct Mixtures: Hashable {
      let weight: Double
      let hardest: Int
    }
    let positive: Double
    let negative: Double
    let base: Double
    var mixtures: Mixtures?

    var name: String {
      "\(positive.name) \(negative.name) \(base.name)"
        + (mixtures.map { " weight \($0.weight.name) of \($0.hardest)" } ?? "")
    }
  }

  static func settings(of arm: Arm) -> [Setting] {
    let losses = [
      Setting(positive: 2, negative: 50, base: 0.5),
      Setting(positive: 18, negative: 75, base: 0.77),
    ]
    if arm == .plain { return losses }
    return losses.flatMap { loss in
      [0.1, 0.4].flatMap { weight in
        [3, 10].map { hardest in
          var setting = loss
          setting.mixtures = .init(weight: weight, hardest: hardest)
          return setting
        }
      }
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: Arm, condition: BatchShape, setting: Setting, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 5)
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: condition.ways, shots: condition.shots
    ) { embeddings, classes in
      let similarities = MultiSimilarityLoss(
        positiveSharpness: setting.positive, negativeSharpness: setting.negative, base: setting.base
      )
      let plain = try similarities(embeddings: embeddings, classes: classes)
      guard let mixtures = setting.mixtures else { return plain }
      let loss = MetrixLoss(
        positiveSharpness: setting.positive, negativeSharpness: setting.negative,
        base: setting.base, hardest: mixtures.hardest)
      let draw = loss.draw(classes: classes, partner: .positive, using: &random)
      return plain + mixtures.weight
        * (try loss(embeddings: embeddings, classes: classes, draw: draw))
    }
    return try characters.retrieval(encoder)
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.map { ($0.name, record.gain(.metrix, over: .plain, $0)) }
    let texts = gains.map { "\($0.1.text) in batches of \($0.0)" }
    return Verdict(
      parts: gains.map { $0.1.isAbove() },
      "R@1 over multi-similarity alone, in points: \(texts.joined(separator: ", ")).")
  }
}
