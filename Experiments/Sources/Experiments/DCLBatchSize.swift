import Learning
import Torch

/// DCL against InfoNCE in small batches.
struct DCLBatchSize: Experiment {
  static let name = "dcl-batch-size"
  static let claim =
    "Without the positive in the denominator (DCL) contrastive learning does better in small batches than InfoNCE, and depends less on their size."
  static let paper =
    "Yeh, Hong, Hsu, Liu, Chen, LeCun. Decoupled Contrastive Learning. ECCV 2022. <https://arxiv.org/abs/2110.06848>"
  static let data =
    "MNIST: 5,000 pictures to learn from without classes (25,600 seen in two views, τ = 0.1, AdamW with a step of 0.001 √(batch / 64)), 2,000 to test. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Learning/Pairs/DCLLoss.swift", "Sources/Learning/Pairs/NTXentLoss.swift",
    ]
  static let conditionName = "batch size"
  static let conditions = ["16", "32", "64", "128", "256"]
  static let arms = ["InfoNCE", "DCL", "DCLW"]
  static let measures = ["kNN accuracy (%)", "linear accuracy (%)"]

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let batch = Int(condition) ?? 0
    let encoder = try digits.encoder(
      seed: seed, samples: options.budget(25_600), batch: batch,
      learningRate: 1e-3 * (Double(batch) / 64).squareRoot()
    ) { views in
      try Self.loss(arm, temperature: 0.1, views)
    }
    return try digits.accuracies(of: encoder)
  }

  static func loss(_ arm: String, temperature: Double, _ views: [Tensor]) throws -> Tensor {
    switch arm {
    case arms[0]: try NTXentLoss(temperature: temperature)(first: views[0], second: views[1])
    case arms[1]: try DCLLoss(temperature: temperature)(first: views[0], second: views[1])
    default:
      try DCLLoss(temperature: temperature, weighting: .vonMisesFisher(sigma: 0.5))(
        first: views[0], second: views[1])
    }
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let small = record.gain(arms[1], over: arms[0], conditions[0])
    let large = record.gain(arms[1], over: arms[0], conditions[conditions.count - 1])
    func range(_ arm: String) -> Double {
      let means = conditions.map { record.spread(arm, $0).mean }
      return (means.max() ?? 0) - (means.min() ?? 0)
    }
    let (own, base) = (range(arms[1]), range(arms[0]))
    return Verdict(
      parts: [small.mean > small.deviation, own < base],
      "DCL is \(small.text) points above InfoNCE in batches of \(conditions[0]) and \(large.text) in batches of \(conditions[conditions.count - 1]); from the worst size to the best DCL gains \(ExperimentRecord.text(own)) points, InfoNCE \(ExperimentRecord.text(base))."
    )
  }
}
