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
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, episodes of the second set's characters to judge by (5 ways, 600 episodes, nearest centre). 900 batches of 16 characters with 10 pictures, AdamW, embeddings of 64 dimensions."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Sources/Learning/Pairs/ICNNLoss.swift", "Sources/Learning/Pairs/TripletLoss.swift",
      "Sources/Learning/Prototypes/PrototypeTripletLoss.swift",
    ]
  static let conditionName = "batch"
  static let conditions = ["16 × 10"]
  static let arms = ["prototypical", "triplet", "prototype triplet", "ICNN"]
  static let measures = ["1-shot accuracy (%)", "5-shot accuracy (%)"]

  private static let ways = 16
  private static let shots = 10
  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: Self.ways, shots: Self.shots
    ) { embeddings, classes in
      switch arm {
      case Self.arms[1]:
        return try TripletLoss()(embeddings: embeddings.normalized(), classes: classes)
      case Self.arms[3]:
        return try ICNNLoss(reach: Self.shots)(embeddings: embeddings, classes: classes)
      default: return try Self.episode(arm, embeddings)
      }
    }
    let embeddings = encoder.embeddedAll(characters.testPictures)
    return try [1, 5].map { shots in
      let episodes = FewShotEpisodes(shots: shots, seed: seed)
      return try episodes(embeddings, classes: characters.testClasses).accuracy * 100
    }
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
    let condition = conditions[0]
    for (measure, shots) in ["1 shot", "5 shots"].enumerated() {
      func mean(_ arm: String) -> Double { record.spread(arm, condition, measure: measure).mean }
      let base = mean(arms[0]) < mean(arms[1]) ? arms[1] : arms[0]
      for arm in arms.suffix(2) {
        let gain = record.gain(arm, over: base, condition, measure: measure)
        parts.append(gain.mean > gain.deviation)
        texts.append("\(arm) \(gain.text) with \(shots)")
      }
    }
    return Verdict(
      parts: parts,
      "Over the better of the two baselines, in points: \(texts.joined(separator: ", ")).")
  }
}
