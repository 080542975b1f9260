import Evaluation
import Learning
import Torch

/// What the temperature does, and what it no longer does when hard negatives are chosen.
struct TemperatureHardness: Experiment {
  static let name = "temperature-hardness"
  static let claim =
    "The lower the temperature, the more even and the less tolerant are embeddings, and the best temperature is in between; a loss on hard negatives only does better at high temperatures and depends less on them."
  static let paper =
    "Wang, Liu. Understanding the Behaviour of Contrastive Loss. CVPR 2021. <https://arxiv.org/abs/2012.09740>"
  static let data =
    "Omniglot's small background sets: the first one teaches without classes (2,720 drawings, 25,600 seen in two views that are slightly turned, scaled and moved, batches of 128), new alphabets of the second one are retrieved. Evenness is −U of Wang and Isola and tolerance the mean cosine within a character, both of the projections of the drawings learned from. The hard loss chooses how many of the 127 negatives it keeps."
  static let file = #fileID
  static let sources =
    Characters.sources + InstanceTraining.sources + [
      "Sources/Evaluation/Tolerance.swift", "Sources/Evaluation/Uniformity.swift",
      "Sources/Learning/Pairs/HardContrastiveLoss.swift",
    ]
  static let conditionName = "temperature"
  static let conditions = ["0.05", "0.1", "0.2", "0.5", "1"]
  static let arms = ["contrastive", "hard contrastive"]
  static let measures = ["R@1 (%)", "MAP@R (%)", "evenness", "tolerance"]
  static let settingName = "negatives kept"

  static let choiceSeeds = 1

  static func settings(of arm: String) -> [String] {
    arm == arms[0] ? ["127"] : ["12", "32", "64"]
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let network = InstanceNetwork(seed: seed)
    let loss = HardContrastiveLoss(
      hardest: Int(setting) ?? 0, temperature: Double(condition) ?? 0)
    let encoder = try characters.learned(
      network, seed: seed, .init(samples: options.budget(25_600), batch: 128, rate: 3e-3)
    ) {
      try (loss(queries: $0, keys: $1) + loss(queries: $1, keys: $0)) * 0.5
    }
    let projections = network.projectedAll(characters.pictures)
    return try characters.retrieval(encoder) + [
      -Uniformity()(embeddings: projections),
      Tolerance()(embeddings: projections, classes: characters.classes),
    ]
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    func means(_ arm: String, measure: Int = 0) -> [Double] {
      conditions.map { record.spread(arm, $0, measure: measure).mean }
    }
    let (plain, hard) = (means(arms[0]), means(arms[1]))
    let evenness = means(arms[0], measure: 2)
    let tolerance = means(arms[0], measure: 3)
    func range(_ values: [Double]) -> Double { (values.max() ?? 0) - (values.min() ?? 0) }
    let best = plain.indices.max { plain[$0] < plain[$1] } ?? 0
    let last = conditions.count - 1
    let flattest = evenness.indices.max { evenness[$0] < evenness[$1] } ?? 0
    let gain = record.gain(arms[1], over: arms[0], conditions[last])
    return Verdict(
      parts: [
        zip(evenness, evenness.dropFirst()).allSatisfy { $0 > $1 },
        zip(tolerance, tolerance.dropFirst()).allSatisfy { $0 < $1 },
        best > 0 && best < last, gain.mean > gain.deviation, range(hard) < range(plain),
      ],
      "From \(conditions[0]) to \(conditions[last]) evenness goes from \(ExperimentRecord.text(evenness[0])) to \(ExperimentRecord.text(evenness[last])) and tolerance from \(ExperimentRecord.text(tolerance[0])) to \(ExperimentRecord.text(tolerance[last])); the most even embeddings are those of \(conditions[flattest]), the best temperature is \(conditions[best]). At \(conditions[last]) the hard loss is \(gain.text) points above; from the worst temperature to the best it gains \(ExperimentRecord.text(range(hard))), the contrastive loss \(ExperimentRecord.text(range(plain)))."
    )
  }
}

extension InstanceNetwork {
  /// What the loss would see of many pictures, by running statistics, without gradients.
  func projectedAll(_ pictures: Tensor) -> Tensor {
    head.isTraining = false
    defer { head.isTraining = true }
    return withoutGradients { head(encoder.embeddedAll(pictures).relu()) }
  }
}
