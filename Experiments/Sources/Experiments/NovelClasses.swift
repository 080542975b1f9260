import Evaluation
import Learning
import Torch

/// The softmax on the hypersphere against the plain one, where classes are new.
struct NovelClasses: Experiment {
  static let name = "novel-classes"
  static let claim =
    "Softmax between embeddings and class weights of unit length (hyperspherical embedding) tells classes never seen apart better than plain softmax and than triplets."
  static let paper =
    "Pereira, Joly, Valduriez, Porto. Hyperspherical embedding for novel class classification. 2021. <https://arxiv.org/abs/2102.03243>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from; all new characters of the second set to tell apart at once, each known by as many pictures as named, 15 others asked for, nearest centre, 20 draws. 900 batches of 64 characters with 2 pictures, AdamW, embeddings of 64 dimensions."
  static let file = #fileID
  static let sources =
    Characters.sources + [
      "Experiments/Sources/Experiments/SettingNumbers.swift",
      "Sources/Learning/Pairs/TripletLoss.swift",
      "Sources/Learning/Prototypes/NormalizedSoftmaxLoss.swift",
    ]
  static let conditionName = "batch"
  static let conditions = ["64 × 2"]
  static let arms = ["softmax", "triplet", "normalised softmax"]
  static let measures = [
    "accuracy with 5 known (%)", "accuracy with 1 known (%)", "R@1 (%)",
  ]
  static let settingName = "centres, temperature or margin"

  static func settings(of arm: String) -> [String] {
    switch arm {
    case arms[0]: ["by distance", "by cosine"]
    case arms[1]: ["margin 0.1", "margin 0.2", "margin 0.5"]
    default: ["temperature 0.05", "temperature 0.1", "temperature 0.2"]
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let weights = characters.classWeights(seed: seed)
    let biases = Tensor.zeros([characters.classCount]).requiringGradient()
    let number = setting.settingNumbers.first ?? 0
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: 64, shots: 2,
      weights: [[weights, biases], [], [weights]][Self.arms.firstIndex(of: arm) ?? 0]
    ) { embeddings, classes in
      switch arm {
      case Self.arms[0]:
        return (embeddings.matmul(weights.transposed()) + biases)
          .crossEntropy(ofClasses: Tensor(classes))
      case Self.arms[1]:
        return try TripletLoss(margin: number)(
          embeddings: embeddings.normalized(), classes: classes)
      default:
        return try NormalizedSoftmaxLoss(temperature: number)(
          embeddings: embeddings, weights: weights, classes: classes)
      }
    }
    let embeddings = encoder.embeddedAll(characters.testPictures)
    let ways = Set(characters.testClasses).count
    let accuracies = try [5, 1].map { shots in
      let episodes = FewShotEpisodes(
        ways: ways, shots: shots, episodes: 20,
        similarity: setting == "by distance" ? .euclidean : .cosine, seed: seed)
      return try episodes(embeddings, classes: characters.testClasses).accuracy * 100
    }
    return accuracies + [try characters.retrieval(encoder)[0]]
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    var parts: [Verdict.Part] = []
    var texts: [String] = []
    for base in arms.dropLast() {
      for (measure, known) in [5, 1].enumerated() {
        let gain = record.gain(arms[2], over: base, conditions[0], measure: measure)
        parts.append(gain.isAbove())
        texts.append("\(gain.text) over \(base) with \(known) known")
      }
    }
    return Verdict(
      parts: parts, "Normalised softmax, in points: \(texts.joined(separator: ", ")).")
  }
}
