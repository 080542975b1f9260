import Learning
import Torch

/// MV-DHEL with more and more views.
struct MultiViewDHEL: Experiment {
  static let name = "mv-dhel-views"
  static let claim =
    "With more views of each example MV-DHEL learns better embeddings, and better ones than InfoNCE averaged over pairs of views."
  static let paper =
    "Koromilas, Bouritsas, Giannakopoulos, Nicolaou, Panagakis. A Principled Framework for Multi-View Contrastive Learning. 2025. <https://arxiv.org/abs/2507.06979>"
  static let data =
    "MNIST: 5,000 pictures to learn from without classes (300 batches of 64 pictures, τ = 0.2, AdamW), 2,000 to test. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000. More views of a picture mean more computation: see the seconds."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Learning/Pairs/MultiViewDHELLoss.swift",
      "Sources/Learning/Pairs/MultiViewInfoNCELoss.swift",
      "Sources/Learning/Pairs/NTXentLoss.swift",
    ]
  static let conditionName = "views"
  static let conditions = ["2", "4", "8"]
  static let arms = ["InfoNCE by pairs", "MV-InfoNCE", "MV-DHEL"]
  static let measures = ["kNN accuracy (%)", "linear accuracy (%)"]

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let encoder = try digits.encoder(
      seed: seed, samples: options.budget(300) * 64, batch: 64, views: Int(condition) ?? 0
    ) { views in
      switch arm {
      case Self.arms[0]: return try Self.pairwise(views, temperature: 0.2)
      case Self.arms[1]: return try MultiViewInfoNCELoss(temperature: 0.2)(views: views)
      default: return try MultiViewDHELLoss(temperature: 0.2)(views: views)
      }
    }
    return try digits.accuracies(of: encoder)
  }

  /// InfoNCE, the mean over pairs of views.
  static func pairwise(_ views: [Tensor], temperature: Double) throws -> Tensor {
    let pairs = views.indices.flatMap { first in
      (first + 1..<views.count).map { (first, $0) }
    }
    let values = try pairs.map {
      try NTXentLoss(temperature: temperature)(first: views[$0.0], second: views[$0.1])
    }
    return Tensor.stacked(values).mean()
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let (few, many) = (conditions[0], conditions[conditions.count - 1])
    let growth = ExperimentRecord.Spread(
      zip(record.values(arms[2], many), record.values(arms[2], few)).map { $0 - $1 })
    let gain = record.gain(arms[2], over: arms[0], many)
    return Verdict(
      parts: [growth.mean > growth.deviation, gain.mean > gain.deviation],
      "From \(few) views to \(many) MV-DHEL gains \(growth.text) points; with \(many) it is \(gain.text) points above InfoNCE averaged over pairs of views."
    )
  }
}
