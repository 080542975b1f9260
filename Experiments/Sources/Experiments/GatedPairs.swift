import Learning
import Torch

/// Pairs of any two classes in what they share, against pairs of one class.
struct GatedPairs: Experiment {
  static let name = "hydra-pairs"
  static let claim =
    "Contrast of pairs of arbitrary classes in learned subspaces (Hydra) gives embeddings that serve unseen classes better than supervised contrast."
  static let paper =
    "Wu, Atito, Feng, Mo, Kitler, Awais. Rethinking Positive Pairs in Contrastive Learning. 2024. <https://arxiv.org/abs/2410.18200>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, the second set's characters to retrieve among each other (20 pictures each). 300 batches (characters × pictures of each), τ = 0.1, AdamW, embeddings of 64 dimensions. The partner class of each picture is drawn among the pictures of its batch; gates are learned with a step of 0.01. SupCon + Hydra is the sum."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Sources/Learning/Pairs/HydraGate.swift", "Sources/Learning/Pairs/HydraLoss.swift",
      "Sources/Learning/Pairs/SupConLoss.swift",
    ]
  static let conditionName = "batch"
  static let conditions = ["8 × 4", "32 × 4"]
  static let arms = ["SupCon", "Hydra", "SupCon + Hydra"]
  static let measures = ["R@1 (%)", "MAP@R (%)"]

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let gate = HydraGate(
      .init(classes: characters.classCount, width: 64, classWidth: 64, hidden: 128),
      generator: Generator(seed: seed &+ 1000))
    var random = SplitMix64(seed, 18)
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(300), ways: condition == Self.conditions[0] ? 8 : 32,
      shots: 4, weights: arm == Self.arms[0] ? [] : gate.parameters.map(\.tensor)
    ) { embeddings, classes in
      func alike() throws -> Tensor {
        try SupConLoss(temperature: 0.1)(views: [embeddings], classes: classes)
      }
      func gated() throws -> Tensor {
        let partners = classes.map { _ in classes[Int.random(in: classes.indices, using: &random)] }
        return try HydraLoss(temperature: 0.1)(
          embeddings: embeddings, gates: gate(classes: classes, partners: partners),
          classes: classes, partners: partners)
      }
      switch arm {
      case Self.arms[0]: return try alike()
      case Self.arms[1]: return try gated()
      default: return try alike() + gated()
      }
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
      "R@1 over SupCon, in points: \(texts.joined(separator: ", ")).")
  }
}
