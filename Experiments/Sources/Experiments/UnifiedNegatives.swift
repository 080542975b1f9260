import Learning
import Torch

/// UNPG against the margin losses that it builds on.
struct UnifiedNegatives: Experiment {
  static let name = "unpg"
  static let claim =
    "Pairs within the batch beside pairs with class weights as negatives (UNPG) make ArcFace's embeddings better."
  static let paper =
    "Jung, Lee, Oh, Park, Park, Son. Unified Negative Pair Generation toward Well-discriminative Feature Space for Face Recognition. BMVC 2022. <https://arxiv.org/abs/2203.11593>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, the second set's characters to retrieve among each other (20 pictures each). 900 batches of 32 characters with 4 pictures, AdamW, embeddings of 64 dimensions, scale 64, margin as named."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Sources/Learning/Prototypes/ArcFaceLoss.swift",
      "Sources/Learning/Prototypes/UNPGLoss.swift",
    ]
  static let conditionName = "margin"
  static let conditions = ["0.1", "0.3"]
  static let arms = ["ArcFace", "UNPG, all pairs", "UNPG"]
  static let measures = ["R@1 (%)", "MAP@R (%)"]

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let weights = characters.classWeights(seed: seed)
    let margin = Double(condition) ?? 0
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: 32, shots: 4, weights: [weights]
    ) { embeddings, classes in
      switch arm {
      case Self.arms[0]:
        return try ArcFaceLoss(margin: margin, scale: 64)(
          embeddings: embeddings, weights: weights, classes: classes)
      default:
        // Whiskers this long filter nothing.
        let whisker = arm == Self.arms[1] ? 1e6 : 1.5
        return try UNPGLoss(margin: .angle(margin), scale: 64, whisker: whisker)(
          embeddings: embeddings, weights: weights, classes: classes)
      }
    }
    return try characters.retrieval(encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = conditions.map { record.gain(arms[2], over: arms[0], $0) }
    let texts = zip(conditions, gains).map { "\($1.text) at margin \($0)" }
    return Verdict(
      parts: gains.map { $0.mean > $0.deviation },
      "R@1 of UNPG over ArcFace, in points: \(texts.joined(separator: ", ")).")
  }
}
