import Contrastive
import Evaluation
import Torch

/// The softmax on the hypersphere against the plain one, on new classes.
struct NovelClasses: Experiment {
  static let name = "novel-classes"
  static let claim =
    "Softmax between embeddings and class weights of unit length (hyperspherical embedding) tells classes never seen apart better than plain softmax and than triplets."
  static let paper =
    "Pereira, Joly, Valduriez, Porto. Hyperspherical embedding for novel class classification. 2021. <https://arxiv.org/abs/2102.03243>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from; all new characters of the second set to tell apart at once, each known by as many pictures as named, 15 others asked for, nearest centre, 20 draws. 900 batches of 64 characters with 2 pictures, AdamW, embeddings of 64 dimensions."
  static var uses: [Any.Type] { [Characters.self, TripletLoss.self, NormalizedSoftmaxLoss.self] }
  static let conditionName = "batch"
  static let conditions = [BatchShape(64, 2)]
  enum Arm: String, Named, CaseIterable {
    case softmax
    case triplet
    case normalized = "normalised softmax"
  }
  static let measures = [
    "accuracy with 5 known (%)", "accuracy with 1 known (%)", "R@1 (%)",
  ]
  static let settingName = "centres, temperature or margin"

  enum Setting: Named {
    case byDistance, byCosine
    case margin(Double)
    case temperature(Double)

    var name: String {
      switch self {
      case .byDistance: "by distance"
      case .byCosine: "by cosine"
      case .margin(let margin): "margin \(margin.name)"
      case .temperature(let temperature): "temperature \(temperature.name)"
      }
    }
  }

  static func settings(of arm: Arm) -> [Setting] {
    switch arm {
    case .softmax: [.byDistance, .byCosine]
    case .triplet: [0.1, 0.2, 0.5].map { .margin($0) }
    case .normalized: [0.05, 0.1, 0.2].map { .temperature($0) }
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: Arm, condition: BatchShape, setting: Setting, seed: UInt64) throws -> [Double] {
    let weights = characters.classWeights(seed: seed)
    let biases = Tensor.zeros([characters.classCount]).requiringGradient()
    let learnt: [Arm: [Tensor]] = [.softmax: [weights, biases], .normalized: [weights]]
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: condition.ways,
      shots: condition.shots, weights: learnt[arm] ?? []
    ) { embeddings, classes in
      switch setting {
      case .byDistance, .byCosine:
        return (embeddings.matmul(weights.transposed()) + biases)
          .crossEntropy(ofClasses: Tensor(classes))
      case .margin(let margin):
        return try TripletLoss(margin: margin)(
          embeddings: embeddings.normalized(), classes: classes)
      case .temperature(let temperature):
        return try NormalizedSoftmaxLoss(temperature: temperature)(
          embeddings: embeddings, weights: weights, classes: classes)
      }
    }
    let embeddings = encoder.embeddedAll(characters.testPictures)
    let ways = Set(characters.testClasses).count
    let accuracies = try [5, 1].map { shots in
      let episodes = FewShotEpisodes(
        ways: ways, shots: shots, episodes: 20,
        similarity: setting == .byDistance ? .euclidean : .cosine, seed: seed)
      return try episodes(embeddings, classes: characters.testClasses).accuracy * 100
    }
    return accuracies + [try characters.retrieval(encoder)[0]]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    var parts: [Verdict.Part] = []
    var texts: [String] = []
    for base in arms.dropLast() {
      for (measure, known) in [5, 1].enumerated() {
        let gain = record.gain(.normalized, over: base, conditions[0], measure: measure)
        parts.append(gain.isAbove())
        texts.append("\(gain.text) over \(base.name) with \(known) known")
      }
    }
    return Verdict(
      parts: parts, "Normalised softmax, in points: \(texts.joined(separator: ", ")).")
  }
}
