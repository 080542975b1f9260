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
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, episodes of the second set's characters to judge by (20 ways, 200 episodes, nearest centre). 900 batches of 16 characters with 10 pictures, AdamW, embeddings of 64 dimensions. Sums of losses as in the authors' scripts, ICNN over all pictures of a batch; on equal embeddings the authors' code has the same values and gradients of both losses."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Experiments/Sources/Experiments/SettingNumbers.swift",
      "Sources/Learning/Pairs/ICNNLoss.swift", "Sources/Learning/Pairs/TripletLoss.swift",
      "Sources/Learning/Prototypes/PrototypeTripletLoss.swift",
    ]
  static let conditionName = "batch"
  static let conditions = ["16 × 10"]
  static let arms = [
    "prototypical", "triplet", "prototype triplet", "prototypical + ICNN",
    "prototype triplet + ICNN", "ICNN alone",
  ]
  static let measures = ["1-shot accuracy (%)", "5-shot accuracy (%)"]
  static let settingName = "temperature or margin, weight of ICNN"

  static func settings(of arm: String) -> [String] {
    switch arm {
    case arms[0]: ["temperature 1", "temperature 8"]
    case arms[1]: ["margin 0.1", "margin 0.2"]
    case arms[2]: ["margin 0.5", "margin 2"]
    case arms[3]: ["temperature 1 weight 0.3", "temperature 1 weight 1"]
    case arms[4]: ["margin 2 weight 0.3", "margin 2 weight 1"]
    // As the prototypical network until then.
    default: ["after 0 steps", "after 300 steps"]
    }
  }

  private static let ways = 16
  private static let shots = 10
  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let numbers = setting.settingNumbers
    let weight = numbers.count > 1 ? numbers[1] : 1
    var step = 0
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: Self.ways, shots: Self.shots
    ) { embeddings, classes in
      func icnn() throws -> Tensor {
        try ICNNLoss(reach: Self.shots)(embeddings: embeddings, classes: classes)
      }
      step += 1
      switch arm {
      case Self.arms[0]: return Self.prototypical(embeddings, temperature: numbers[0])
      case Self.arms[1]:
        return try TripletLoss(margin: numbers[0])(
          embeddings: embeddings.normalized(), classes: classes)
      case Self.arms[2]: return try Self.prototypeTriplet(embeddings, margin: numbers[0])
      case Self.arms[3]:
        return try Self.prototypical(embeddings, temperature: numbers[0]) + weight * icnn()
      case Self.arms[4]:
        return try Self.prototypeTriplet(embeddings, margin: numbers[0]) + weight * icnn()
      default:
        return step > Int(numbers[0])
          ? try icnn() : Self.prototypical(embeddings, temperature: 1)
      }
    }
    let embeddings = encoder.embeddedAll(characters.testPictures)
    return try [1, 5].map { shots in
      let episodes = FewShotEpisodes(ways: 20, shots: shots, episodes: 200, seed: seed)
      return try episodes(embeddings, classes: characters.testClasses).accuracy * 100
    }
  }

  private static func prototypical(_ embeddings: Tensor, temperature: Double) -> Tensor {
    let (queries, prototypes, classes) = episode(embeddings)
    let scores = VectorSimilarity.euclidean(queries, prototypes) * (1 / temperature)
    return scores.crossEntropy(ofClasses: Tensor(classes))
  }

  private static func prototypeTriplet(_ embeddings: Tensor, margin: Double) throws -> Tensor {
    let (queries, prototypes, classes) = episode(embeddings)
    return try PrototypeTripletLoss(margin: margin)(
      queries: queries, prototypes: prototypes, classes: classes)
  }

  /// The first half of each character's pictures is known, the others are asked for.
  private static func episode(_ embeddings: Tensor) -> (Tensor, Tensor, [Int]) {
    let known = (0..<ways * shots).filter { $0 % shots < shots / 2 }
    let asked = (0..<ways * shots).filter { $0 % shots >= shots / 2 }
    let prototypes = PrototypeTripletLoss().prototypes(
      of: embeddings.gathered(rows: Tensor(known)), classes: known.map { $0 / shots },
      classCount: ways)
    return (embeddings.gathered(rows: Tensor(asked)), prototypes, asked.map { $0 / shots })
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    var parts: [Verdict.Part] = []
    let texts = arms.prefix(2).map { base in
      let gains = arms.dropFirst(2).map { arm in
        let both = [0, 1].map { record.gain(arm, over: base, conditions[0], measure: $0) }
        // As in the paper, ICNN is a part of a sum.
        if arm != arms[5] { parts += both.map { $0.isAbove() } }
        return "\(arm) \(both[0].text) and \(both[1].text)"
      }
      return "over \(base): \(gains.joined(separator: ", "))"
    }
    return Verdict(
      parts: parts,
      "In points with 1 shot and with 5, \(texts.joined(separator: "; ")). Alone, the score of the authors' code hardly pushes wrong neighbours away."
    )
  }
}
