import Evaluation
import Learning
import Torch

/// The two losses of few-shot classes against prototypical networks and triplets.
struct ICNNFewShot: Experiment {
  static let name = "icnn-few-shot"
  static let claim =
    "Prototype triplets and the nearest-neighbour score of classes (ICNN) tell few-shot classes apart better than triplets and prototypical networks."
  static let paper =
    "Mendez-Ruiz and others. SuSana Distancia is all you need: Enforcing class separability in metric learning via two novel distance-based loss functions for few-shot image classification. 2023. <https://arxiv.org/abs/2305.09062>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, episodes of the second set's characters to judge by (5 ways, 600 episodes, nearest centre). 300 batches of 16 characters with 10 pictures, AdamW, embeddings of 64 dimensions."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Sources/Learning/Pairs/ICNNLoss.swift", "Sources/Learning/Pairs/TripletLoss.swift",
      "Sources/Learning/Prototypes/PrototypeTripletLoss.swift",
    ]
  static let conditionName = "shots"
  static let conditions = ["1", "5"]
  static let arms = ["prototypical", "triplet", "prototype triplet", "ICNN"]
  static let measures = ["5-way accuracy (%)"]

  private static let ways = 16
  private static let shots = 10
  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, seed: UInt64) throws -> [Double] {
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(300), ways: Self.ways, shots: Self.shots
    ) { embeddings, classes in
      switch arm {
      case Self.arms[1]:
        return try TripletLoss()(embeddings: embeddings.normalized(), classes: classes)
      case Self.arms[3]: return try ICNNLoss()(embeddings: embeddings, classes: classes)
      default: return try Self.episode(arm, embeddings)
      }
    }
    let episodes = FewShotEpisodes(shots: Int(condition) ?? 0, seed: seed)
    let result = try episodes(
      encoder.embeddedAll(characters.testPictures), classes: characters.testClasses)
    return [result.accuracy * 100]
  }

  /// The first half of each character's pictures is known, the others are asked for.
  private static func episode(_ arm: String, _ embeddings: Tensor) throws -> Tensor {
    let known = (0..<ways * shots).filter { $0 % shots < shots / 2 }
    let asked = (0..<ways * shots).filter { $0 % shots >= shots / 2 }
    let support = embeddings.gathered(rows: Tensor(known))
    let queries = embeddings.gathered(rows: Tensor(asked))
    let loss = PrototypeTripletLoss()
    let prototypes = loss.prototypes(
      of: support, classes: known.map { $0 / shots }, classCount: ways)
    if arm == arms[2] {
      return try loss(
        queries: queries, prototypes: prototypes, classes: asked.map { $0 / shots })
    }
    let scores = VectorSimilarity.euclidean(queries, prototypes)
    return scores.crossEntropy(ofClasses: Tensor(asked.map { $0 / shots }))
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    var parts: [Bool] = []
    var texts: [String] = []
    for condition in conditions {
      let bases = arms.prefix(2)
      let base = bases.max { record.spread($0, condition).mean < record.spread($1, condition).mean }
      for arm in arms.suffix(2) {
        let gain = record.gain(arm, over: base ?? arms[0], condition)
        parts.append(gain.mean > gain.deviation)
        texts.append("\(arm) \(gain.text) with \(condition) shot(s)")
      }
    }
    return Verdict(
      parts: parts,
      "Over the better of the two baselines, in points: \(texts.joined(separator: ", ")).")
  }
}
