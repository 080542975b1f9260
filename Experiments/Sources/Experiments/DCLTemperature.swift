import Learning
import Torch

/// DCL against InfoNCE at temperatures that are not tuned.
struct DCLTemperature: Experiment {
  static let name = "dcl-temperature"
  static let claim = "DCL depends less on the temperature than InfoNCE."
  static let paper = DCLBatchSize.paper
  static let data =
    "MNIST: 5,000 pictures to learn from without classes (25,600 seen in two views, batches of 64, AdamW), 2,000 to test. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000."
  static let file = #fileID
  static let sources =
    DCLBatchSize.sources + ["Experiments/Sources/Experiments/DCLBatchSize.swift"]
  static let conditionName = "temperature"
  static let conditions = ["0.05", "0.1", "0.3", "1"]
  static let arms = Array(DCLBatchSize.arms.prefix(2))
  static let measures = DCLBatchSize.measures

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let encoder = try digits.encoder(seed: seed, samples: options.budget(25_600), batch: 64) {
      try DCLBatchSize.loss(arm, temperature: Double(condition) ?? 0, $0)
    }
    return try digits.accuracies(of: encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    func range(_ arm: String, measure: Int) -> Double {
      let means = conditions.map { record.spread(arm, $0, measure: measure).mean }
      return (means.max() ?? 0) - (means.min() ?? 0)
    }
    let near = arms.map { range($0, measure: 0) }
    let line = arms.map { range($0, measure: 1) }
    return Verdict(
      parts: [near[1] < near[0], line[1] < line[0]],
      "From the worst temperature to the best, DCL gains \(ExperimentRecord.text(near[1])) points by neighbours and \(ExperimentRecord.text(line[1])) by the linear probe, InfoNCE \(ExperimentRecord.text(near[0])) and \(ExperimentRecord.text(line[0]))."
    )
  }
}
