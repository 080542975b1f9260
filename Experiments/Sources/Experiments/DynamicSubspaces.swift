import Contrastive
import Evaluation
import Storage
import Torch

/// Learners of parts of an embedding, split off whenever training plateaus, against a single
/// learner.
struct DynamicSubspaces: Experiment {
  static let name = "dynamic-subspaces"
  static let claim =
    "Learners of subspaces that split off when the metric stops to rise (dynamic subspace learners) retrieve better than one learner of all dimensions."
  static let paper =
    "Adiga, Dolz, Lombaert. Attention-based Dynamic Subspace Learners for Medical Image Analysis. IEEE JBHI 2022. <https://arxiv.org/abs/2206.09068>"
  static let data =
    "Omniglot, 28 × 28: 16 pictures of each of 136 characters of the first small background set to learn from, the other 4 to see whether the metric (R@1) rises; the second set's characters to retrieve among each other (20 pictures each). 40 rounds of 25 batches of up to 32 characters with 4 pictures, AdamW, semi-hard triplets, embeddings of 64 dimensions. Each learner sees a cluster of the pictures, anew every other round; the last 7 rounds train all as one, as in the authors' code. No attention."
  static var uses: [Any.Type] {
    [
      Characters.self, DynamicSubspaceClusters.self, DynamicSubspaceLearners.self, TripletLoss.self,
    ]
  }
  static let conditionName = "batch"
  static let conditions = [BatchShape(32, 4)]
  enum Arm: String, Named, CaseIterable {
    case one = "one learner"
    case dynamic = "dynamic learners"
  }
  static let measures = ["R@1 (%)", "MAP@R (%)", "learners"]
  static let settingName = "margin, rounds of patience"

  struct Setting: Named {
    let margin: Double
    var patience: Int?
    var name: String { "margin \(margin.name)" + (patience.map { " patience \($0)" } ?? "") }
  }

  static func settings(of arm: Arm) -> [Setting] {
    switch arm {
    case .one: [.init(margin: 0.1), .init(margin: 0.2)]
    case .dynamic: [.init(margin: 0.1, patience: 2), .init(margin: 0.1, patience: 4)]
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions
  /// 16 and 4 rows of each training character.
  private let taught: [Int]
  private let watched: [Int]

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
    let members = Dictionary(grouping: characters.classes.indices) { [characters] in
      characters.classes[$0]
    }.sorted { $0.key < $1.key }.map(\.value)
    taught = members.flatMap { $0.prefix(16) }
    watched = members.flatMap { $0.dropFirst(16) }
  }

  func run(arm: Arm, condition: BatchShape, setting: Setting, seed: UInt64) throws -> [Double] {
    let network = SubspaceNetwork(seed: seed)
    let loss = TripletLoss(margin: setting.margin)
    var learners = DynamicSubspaceLearners(width: 64, patience: setting.patience ?? 1)
    let optimizer = AdamW(network.parameters, .init(learningRate: 1e-3))
    let generator = Generator(seed: seed &+ 1000)
    var random = SplitMix64(seed, 19)
    var clusters = DynamicSubspaceClusters(rows: taught)
    let rounds = 40
    for round in 0..<rounds {
      if round == rounds - 7 { clusters = DynamicSubspaceClusters(rows: taught) }
      let isWhole = clusters.members.count == 1 && round >= rounds - 7
      for _ in 0..<options.budget(25) {
        let (rows, learner) = batch(clusters, using: &random)
        let outputs = network(views(of: rows, using: &random))
        let part = isWhole ? learners(outputs) : learners.parts(of: outputs)[learner]
        let value = try loss(
          embeddings: part.normalized(), classes: rows.map { characters.classes[$0] })
        optimizer.clearGradients()
        try value.backward()
        try optimizer.step()
      }
      if arm == .one || isWhole { continue }
      let seen = learners(network.all(characters.pictures.gathered(rows: Tensor(watched))))
      let metric = try EmbeddingRetrieval()(
        seen, classes: watched.map { characters.classes[$0] })
      if learners.observe(metric: metric.recall[0]) {
        // Outputs are leaves of the autograd graph here, so that they have gradients.
        let rows = clusters.members[clusters.members.count - 1]
        let some = Array(rows.shuffled(using: &random).prefix(400))
        let outputs = network.all(characters.pictures.gathered(rows: Tensor(some)))
          .requiringGradient()
        let value = try loss(
          embeddings: learners.parts(of: outputs)[learners.subspaces.count - 1],
          classes: some.map { characters.classes[$0] })
        let slopes = try gradients(of: value, withRespectTo: [outputs])
        let relevances = learners.relevances(
          activations: outputs, gradients: slopes[0] ?? .zeros(like: outputs))
        if let units = learners.split(relevances: relevances) {
          learners.reset(units, of: network.top, generator: generator)
        }
      }
      if learners.subspaces.count > 1, round % 2 == 1, round < rounds - 8 {
        let outputs = learners(network.all(characters.pictures.gathered(rows: Tensor(taught))))
        clusters.update(outputs.normalized(), rows: taught, count: learners.subspaces.count)
      }
    }
    let result = try EmbeddingRetrieval()(
      learners(network.all(characters.testPictures)), classes: characters.testClasses)
    return [
      result.recall[0] * 100, result.meanAveragePrecisionAtR * 100,
      Double(learners.subspaces.count),
    ]
  }

  /// Up to 32 characters of a cluster with up to 4 images each; clusters are drawn by size.
  private func batch(
    _ clusters: DynamicSubspaceClusters, using random: inout SplitMix64
  ) -> (rows: [Int], learner: Int) {
    let place = Int.random(in: 0..<taught.count, using: &random)
    let learner = clusters.assignment[place]
    let members = Dictionary(grouping: clusters.members[learner]) { characters.classes[$0] }
      .sorted { $0.key < $1.key }.map(\.value)
    let rows = members.shuffled(using: &random).prefix(32).flatMap {
      $0.shuffled(using: &random).prefix(4)
    }
    return (rows, learner)
  }

  private func views(of rows: [Int], using random: inout SplitMix64) -> Tensor {
    PictureViews(turn: 0.2, scale: 0.85...1.15, contrast: 0.9...1.1)(
      characters.pictures.gathered(rows: Tensor(rows)), using: &random)
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = [0, 1].map { record.gain(.dynamic, over: .one, conditions[0], measure: $0) }
    let count = record.spread(.dynamic, conditions[0], measure: 2).mean
    return Verdict(
      parts: gains.map { $0.isAbove() },
      "Dynamic learners (\(ExperimentRecord.text(count)) in the end) over one, in points: \(gains[0].text) of R@1, \(gains[1].text) of MAP@R."
    )
  }
}
