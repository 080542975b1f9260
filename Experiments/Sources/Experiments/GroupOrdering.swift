import Learning
import Torch

/// GroCo against InfoNCE.
struct GroupOrdering: Experiment {
  static let name = "groco"
  static let claim =
    "Ordering positives before negatives by differentiable sorting (GroCo) gives better nearest neighbours than InfoNCE, the more so in small batches."
  static let paper =
    "Shvetsova, Petersen, Kukleva, Schiele, Kuehne. Learning by Sorting: Self-supervised Learning with Group Ordering Constraints. ICCV 2023. <https://arxiv.org/abs/2301.02009>"
  static let data =
    "MNIST: 5,000 pictures to learn from without classes (51,200 seen, AdamW), 2,000 to test. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000. InfoNCE has τ = 0.1, GroCo 10 negatives and the authors' sorting network."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Learning/Pairs/GroCoLoss.swift", "Sources/Learning/Pairs/NTXentLoss.swift",
      "Sources/Learning/Pairs/SortingNetwork.swift",
    ]
  static let conditionName = "batch size × views"
  static let conditions = ["32 × 2", "128 × 2"]
  static let arms = ["InfoNCE", "GroCo"]
  static let measures = ["kNN accuracy (%)", "linear accuracy (%)"]

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let parts = condition.split(separator: " × ").compactMap { Int($0) }
    let encoder = try digits.encoder(
      seed: seed, samples: options.budget(51_200), batch: parts[0], views: parts[1]
    ) { views in
      arm == Self.arms[0]
        ? try MultiViewDHEL.pairwise(views, temperature: 0.1) : try GroCoLoss()(views: views)
    }
    return try digits.accuracies(of: encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = conditions.map { record.gain(arms[1], over: arms[0], $0) }
    let texts = zip(conditions, gains).map { "\($1.text) at \($0)" }
    return Verdict(
      parts: gains.map { $0.mean > $0.deviation },
      "GroCo over InfoNCE by neighbours, in points: \(texts.joined(separator: ", ")).")
  }
}
