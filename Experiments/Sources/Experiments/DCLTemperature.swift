import Torch

/// DCL against InfoNCE at untuned temperatures.
struct DCLTemperature: Experiment {
  static let name = "dcl-temperature"
  static let claim = "DCL depends less on the temperature than InfoNCE."
  static let paper = DCLBatchSize.paper
  static let data =
    "Omniglot's small background sets: the first one teaches without classes (2,720 drawings, 25,600 seen in two views that are slightly turned, scaled and moved, batches of 32), new alphabets of the second one are retrieved. Each arm chooses the step of AdamW for batches of 64."
  static var uses: [Any.Type] { [DCLBatchSize.self] }
  static let conditionName = "temperature"
  static let conditions = [0.05, 0.1, 0.2, 0.5]
  static let arms: [DCLBatchSize.Arm] = [.infoNCE, .dcl]
  static let measures = DCLBatchSize.measures
  static let settingName = "step"

  static let choiceSeeds = 1

  static func settings(of arm: DCLBatchSize.Arm) -> [Double] { [0.003, 0.01] }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(
    arm: DCLBatchSize.Arm, condition: Double, setting: Double, seed: UInt64
  ) throws -> [Double] {
    let encoder = try characters.learned(
      InstanceNetwork(seed: seed), seed: seed,
      .init(samples: options.budget(25_600), batch: 32, rate: setting)
    ) {
      try DCLBatchSize.loss(arm, temperature: condition, $0, $1)
    }
    return try characters.retrieval(encoder)
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let steadier = measures.indices.map {
      record.steadiness(.dcl, over: .infoNCE, measure: $0)
    }
    return Verdict(
      parts: steadier.map { $0.isAbove() },
      "From the best temperature to the worst DCL loses \(steadier[0].text) points of R@1 less than InfoNCE and \(steadier[1].text) of MAP@R."
    )
  }
}
