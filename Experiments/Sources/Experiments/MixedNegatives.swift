import Evaluation
import Learning
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
  static let file = #fileID
  static let sources =
    Characters.sources + InstanceTraining.sources + [
      "Experiments/Sources/Experiments/TemperatureHardness.swift",
      "Sources/Evaluation/Uniformity.swift",
      "Sources/Learning/Negatives/HardNegativeMixing.swift",
      "Sources/Learning/Negatives/MomentumQueue.swift", "Sources/Learning/Negatives/RowRing.swift",
      "Sources/Learning/Encoders/MomentumUpdate.swift",
    ]
  static let conditionName = "queue"
  static let conditions = ["2048"]
  static let arms = ["MoCo", "MoCHi"]
  static let measures = ["R@1 (%)", "MAP@R (%)", "evenness"]
  static let settingName = "temperature × hardest × mixtures of two × with the query"

  static func settings(of arm: String) -> [String] {
    arm == arms[0] ? ["0.2 × 0 × 0 × 0"] : ["0.2 × 32 × 64 × 16", "0.2 × 64 × 64 × 16"]
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let numbers = setting.split(separator: " × ").compactMap { Double($0) }
    let (temperature, counts) = (numbers[0], numbers.dropFirst().map { Int($0) })
    let mixing = HardNegativeMixing(
      hardest: counts[0], mixtures: counts[1], queryMixtures: counts[2])
    let network = InstanceNetwork(seed: seed)
    let slow = InstanceNetwork(seed: seed)
    let queue = MomentumQueue(capacity: Int(condition) ?? 0, width: 64)
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
      if isWarm, counts[0] > 0 {
        let rows = queries.size(along: 0)
        let draw = mixing.draw(rows: rows, available: queue.count, using: &random)
        let mixtures = try mixing(
          queries: queries.detached(), negatives: queue.keys,
          positives: CSRMatrix(rows: [[Int]](repeating: [], count: rows), columnCount: queue.count),
          draw: draw)
        scores.append(mixing.scores(queries: queries, mixtures: mixtures, temperature: 1))
      }
      let all = (Tensor.concatenated(scores, along: 1) * (1 / temperature)).logSumExp(along: 1)
      latest = keys
      return all.mean() - near.mean() * (1 / temperature)
    }
    let projections = network.projectedAll(characters.testPictures)
    let evenness = try -Uniformity()(embeddings: projections)
    return try characters.retrieval(network.encoder) + [evenness]
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = measures.indices.map {
      record.gain(arms[1], over: arms[0], conditions[0], measure: $0)
    }
    return Verdict(
      parts: [gains[0], gains[2]].map { $0.isAbove() },
      "MoCHi over MoCo: \(gains[0].text) points of R@1, \(gains[1].text) of MAP@R, and \(gains[2].text) in evenness."
    )
  }
}
