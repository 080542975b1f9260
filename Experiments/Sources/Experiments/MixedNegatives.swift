import Contrastive
import Evaluation
import Storage
import Torch

/// MoCHi against MoCo with the same queue.
struct MixedNegatives: Experiment {
  static let name = "mochi"
  static let claim =
    "Mixtures of the hardest negatives as further negatives (MoCHi) give better and more evenly spread embeddings than the same queue without them (MoCo)."
  static let paper =
    "Kalantidis, Sariyildiz, Pion, Weinzaepfel, Larlus. Hard Negative Mixing for Contrastive Learning. NeurIPS 2020. <https://arxiv.org/abs/2010.01028>"
  static let data =
    "Omniglot's small background sets: the first one teaches without classes (2,720 drawings, 51,200 seen in two views that are slightly turned, scaled and moved, batches of 32, a queue of 2,048, a momentum of 0.99, a temperature of 0.2), new alphabets of the second one are retrieved. MoCHi adds 64 mixtures of two of the hardest negatives and 16 of one with the query; it chooses among how many hardest, 2 or 3 % of the queue as in the paper, and begins after a tenth of the training. Evenness is −U of Wang and Isola on the retrieved characters' projections."
  static var uses: [Any.Type] {
    [
      Characters.self, InstanceTraining.self, Uniformity.self, HardNegativeMixing.self,
      MomentumQueue.self, MomentumUpdate.self,
    ]
  }
  static let conditionName = "queue"
  static let conditions = [2048]
  enum Arm: String, Named, CaseIterable {
    case moCo = "MoCo"
    case moCHi = "MoCHi"
  }
  static let measures = ["R@1 (%)", "MAP@R (%)", "evenness"]
  static let settingName = "temperature × hardest × mixtures of two × with the query"

  struct Setting: Named {
    let temperature: Double
    let hardest: Int
    let mixtures: Int
    let queryMixtures: Int
    var name: String { "\(temperature.name) × \(hardest) × \(mixtures) × \(queryMixtures)" }
  }

  static func settings(of arm: Arm) -> [Setting] {
    switch arm {
    case .moCo: [.init(temperature: 0.2, hardest: 0, mixtures: 0, queryMixtures: 0)]
    case .moCHi:
      [32, 64].map { .init(temperature: 0.2, hardest: $0, mixtures: 64, queryMixtures: 16) }
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    let mixing = HardNegativeMixing(
      hardest: setting.hardest, mixtures: setting.mixtures, queryMixtures: setting.queryMixtures)
    let network = InstanceNetwork(seed: seed)
    let slow = InstanceNetwork(seed: seed)
    let queue = MomentumQueue(capacity: condition, width: 64)
    let training = InstanceTraining(samples: options.budget(51_200), batch: 32, rate: 3e-3)
    var random = SplitMix64(seed, 3)
    var latest = Tensor.zeros([0, 64])
    var done = 0
    try training(
      on: characters.pictures, seed: seed, parameters: network.parameters.map(\.tensor),
      view: characters.view,
      after: { _, _ in
        done += 1
        try queue.append(latest)
        try MomentumUpdate(momentum: 0.99)(slow, towards: network)
      }
    ) { first, second in
      let queries = network(first).normalized()
      let keys = withoutGradients { slow(second).normalized() }
      let near = (queries * keys).sum(along: 1, keepingDimensions: true)
      var scores = [near, queries.matmul(queue.keys.transposed())]
      let isWarm = done * 10 >= training.samples / training.batch
      if isWarm, setting.hardest > 0 {
        let rows = queries.size(along: 0)
        let draw = mixing.draw(rows: rows, available: queue.count, using: &random)
        let mixtures = try mixing(
          queries: queries.detached(), negatives: queue.keys,
          positives: CSRMatrix(rows: [[Int]](repeating: [], count: rows), columnCount: queue.count),
          draw: draw)
        scores.append(mixing.scores(queries: queries, mixtures: mixtures, temperature: 1))
      }
      let all = (Tensor.concatenated(scores, along: 1) * (1 / setting.temperature)).logSumExp(
        along: 1)
      latest = keys
      return all.mean() - near.mean() * (1 / setting.temperature)
    }
    let projections = network.projectedAll(characters.testPictures)
    let evenness = try -Uniformity()(embeddings: projections)
    return try characters.retrieval(network.encoder) + [evenness]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = measures.indices.map {
      record.gain(.moCHi, over: .moCo, conditions[0], measure: $0)
    }
    return Verdict(
      parts: [gains[0], gains[2]].map { $0.isAbove() },
      "MoCHi over MoCo: \(gains[0].text) points of R@1, \(gains[1].text) of MAP@R, and \(gains[2].text) in evenness."
    )
  }
}
