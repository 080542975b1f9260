import Contrastive
import Evaluation
import Torch

/// Two few-shot losses against prototypical networks and triplets.
struct ICNNFewShot: Experiment {
  static let name = "icnn-few-shot"
  static let claim =
    "Prototype triplets and the nearest-neighbour score of classes (ICNN) tell few-shot classes apart better than triplets and prototypical networks."
  static let paper =
    "Mendez-Ruiz and others. SuSana Distancia is all you need: Enforcing class separability in metric learning via two novel distance-based loss functions for few-shot image classification. 2023. <https://arxiv.org/abs/2305.09062>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, episodes of the second set's characters to judge by (20 ways, 200 episodes, nearest centre). 900 batches of 16 characters with 10 pictures, AdamW, embeddings of 64 dimensions. Sums of losses as in the authors' scripts, ICNN over all pictures of a batch; on equal embeddings the authors' code has the same values and gradients of both losses."
  static var uses: [Any.Type] {
    [
      Characters.self, ICNNLoss.self, TripletLoss.self, PrototypeTripletLoss.self,
    ]
  }
  static let conditionName = "batch"
  static let conditions = [BatchShape(ways, shots)]
  enum Arm: String, Named, CaseIterable {
    case prototypical
    case triplet
    case prototypeTriplet = "prototype triplet"
    case prototypicalICNN = "prototypical + ICNN"
    case prototypeTripletICNN = "prototype triplet + ICNN"
    case icnn = "ICNN alone"
  }
  static let measures = ["1-shot accuracy (%)", "5-shot accuracy (%)"]
  static let settingName = "temperature or margin, weight of ICNN"

  struct Setting: Named {
    enum Kind: String { case temperature, margin, steps }
    let kind: Kind
    let value: Double
    var weight: Double?

    init(_ kind: Kind, _ value: Double, weight: Double? = nil) {
      (self.kind, self.value, self.weight) = (kind, value, weight)
    }

    var name: String {
      if kind == .steps { return "after \(value.name) steps" }
      return "\(kind.rawValue) \(value.name)" + (weight.map { " weight \($0.name)" } ?? "")
    }
  }

  static func settings(of arm: Arm) -> [Setting] {
    switch arm {
    case .prototypical: [.init(.temperature, 1), .init(.temperature, 8)]
    case .triplet: [.init(.margin, 0.1), .init(.margin, 0.2)]
    case .prototypeTriplet: [.init(.margin, 0.5), .init(.margin, 2)]
    case .prototypicalICNN: [0.3, 1].map { .init(.temperature, 1, weight: $0) }
    case .prototypeTripletICNN: [0.3, 1].map { .init(.margin, 2, weight: $0) }
    // Trained as a prototypical network until then.
    case .icnn: [.init(.steps, 0), .init(.steps, 300)]
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

  func run(arm: Arm, condition: BatchShape, setting: Setting, seed: UInt64) throws -> [Double] {
    let (value, weight) = (setting.value, setting.weight ?? 1)
    var step = 0
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(900), ways: Self.ways, shots: Self.shots
    ) { embeddings, classes in
      func icnn() throws -> Tensor {
        try ICNNLoss(reach: Self.shots)(embeddings: embeddings, classes: classes)
      }
      step += 1
      switch arm {
      case .prototypical: return Self.prototypical(embeddings, temperature: value)
      case .triplet:
        return try TripletLoss(margin: value)(
          embeddings: embeddings.normalized(), classes: classes)
      case .prototypeTriplet: return try Self.prototypeTriplet(embeddings, margin: value)
      case .prototypicalICNN:
        return try Self.prototypical(embeddings, temperature: value) + weight * icnn()
      case .prototypeTripletICNN:
        return try Self.prototypeTriplet(embeddings, margin: value) + weight * icnn()
      case .icnn:
        return step > Int(value)
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

  /// The first half of each character's images is the support set, the others are queries.
  private static func episode(_ embeddings: Tensor) -> (Tensor, Tensor, [Int]) {
    let known = (0..<ways * shots).filter { $0 % shots < shots / 2 }
    let asked = (0..<ways * shots).filter { $0 % shots >= shots / 2 }
    let prototypes = PrototypeTripletLoss().prototypes(
      of: embeddings.gathered(rows: Tensor(known)), classes: known.map { $0 / shots },
      classCount: ways)
    return (embeddings.gathered(rows: Tensor(asked)), prototypes, asked.map { $0 / shots })
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    var parts: [Verdict.Part] = []
    let texts = arms.prefix(2).map { base -> String in
      let gains = arms.dropFirst(2).map { arm -> String in
        let both = [0, 1].map { record.gain(arm, over: base, conditions[0], measure: $0) }
        // As in the paper, ICNN is one term of a sum.
        if arm != .icnn { parts += both.map { $0.isAbove() } }
        return "\(arm.name) \(both[0].text) and \(both[1].text)"
      }
      return "over \(base.name): \(gains.joined(separator: ", "))"
    }
    return Verdict(
      parts: parts,
      "In points with 1 shot and with 5, \(texts.joined(separator: "; ")). Alone, the score of the authors' code hardly pushes wrong neighbours away."
    )
  }
}
