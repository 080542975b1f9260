import Contrastive
import Evaluation
import Storage
import Torch

/// Pairs of any two classes in their shared subspace, against pairs of one class.
struct GatedPairs: Experiment {
  static let name = "hydra-pairs"
  static let claim =
    "Contrast of pairs of arbitrary classes in learned subspaces (Hydra) gives embeddings that serve unseen classes better than supervised contrast."
  static let paper =
    "Wu, Atito, Feng, Mo, Kitler, Awais. Rethinking Positive Pairs in Contrastive Learning. 2024. <https://arxiv.org/abs/2410.18200>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, the second set's characters to retrieve among each other (20 pictures each). 600 batches of 32 characters with 4 pictures, AdamW, embeddings of 64 dimensions. The loss sees the embedding, or a perceptron on top of it as in the authors' code; the partner class of each picture is drawn among the pictures of its batch; gates are learned with a step of 0.01. SupCon + Hydra is the sum."
  static var uses: [Any.Type] {
    [
      Characters.self, HydraGate.self, HydraLoss.self, SupConLoss.self, EffectiveRank.self,
    ]
  }
  static let conditionName = "batch"
  static let conditions = [BatchShape(32, 4)]
  enum Arm: String, Named, CaseIterable {
    case supCon = "SupCon"
    case hydra = "Hydra"
    case both = "SupCon + Hydra"
  }
  static let measures = ["R@1 (%)", "MAP@R (%)", "effective rank"]
  static let settingName = "where the loss is, and its temperature"

  struct Setting: Named {
    let place: LossPlace
    let temperature: Double
    var name: String { "\(place.name) \(temperature.name)" }
  }

  static func settings(of arm: Arm) -> [Setting] {
    LossPlace.allCases.flatMap { place in
      [0.1, 0.2].map { Setting(place: place, temperature: $0) }
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: Arm, condition: BatchShape, setting: Setting, seed: UInt64) throws -> [Double] {
    let temperature = setting.temperature
    let onTop = setting.place == .perceptron
    let width = onTop ? 32 : 64
    let gate = HydraGate(
      .init(classes: characters.classCount, width: width, classWidth: 64, hidden: 128),
      generator: Generator(seed: seed &+ 1000))
    let encoder = PictureEncoder(seed: seed)
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: 1e-3))
    let gateOptimizer = AdamW(gate.parameters.map(\.tensor), .init(learningRate: 1e-2))
    let members = Dictionary(grouping: characters.classes.indices) { characters.classes[$0] }
    var random = SplitMix64(seed, 18)
    for _ in 0..<options.budget(600) {
      let rows = (0..<characters.classCount).shuffled(using: &random).prefix(32).flatMap {
        (members[$0] ?? []).shuffled(using: &random).prefix(4)
      }
      let classes = rows.map { characters.classes[$0] }
      let views = PictureViews(turn: 0.2, scale: 0.85...1.15, contrast: 0.9...1.1)(
        characters.pictures.gathered(rows: Tensor(rows)), using: &random)
      let embeddings = encoder.embedded(views)
      let outputs = onTop ? encoder.projected(embeddings) : embeddings
      var value = Tensor.zeros([])
      if arm != .hydra {
        value =
          value + (try SupConLoss(temperature: temperature)(embeddings: outputs, classes: classes))
      }
      if arm != .supCon {
        let partners = classes.shuffled(using: &random)
        let gates = try gate(classes: classes, partners: partners)
        value =
          value
          + (try HydraLoss(temperature: temperature)(
            embeddings: outputs, gates: gates, classes: classes, partners: partners))
      }
      optimizer.clearGradients()
      gateOptimizer.clearGradients()
      try value.backward()
      try optimizer.step()
      if arm != .supCon { try gateOptimizer.step() }
    }
    let rank = try EffectiveRank()(of: encoder.embeddedAll(characters.testPictures))
    return try characters.retrieval(encoder) + [rank]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.flatMap { condition in
      arms.dropFirst().map {
        ($0.name, condition.name, record.gain($0, over: .supCon, condition))
      }
    }
    let texts = gains.map { "\($0.0) \($0.2.text) in batches of \($0.1)" }
    return Verdict(
      parts: gains.map { $0.2.isAbove() },
      "R@1 over SupCon, in points: \(texts.joined(separator: ", ")).")
  }
}
