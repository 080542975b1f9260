import Contrastive
import Torch

/// DCL against InfoNCE in small batches.
struct DCLBatchSize: Experiment {
  static let name = "dcl-batch-size"
  static let claim =
    "Without the positive in the denominator (DCL) contrastive learning does better in small batches than InfoNCE, and depends less on their size."
  static let paper =
    "Yeh, Hong, Hsu, Liu, Chen, LeCun. Decoupled Contrastive Learning. ECCV 2022. <https://arxiv.org/abs/2110.06848>"
  static let data =
    "Omniglot's small background sets: the first one teaches without classes (2,720 drawings, 25,600 seen in two views that are slightly turned, scaled and moved), new alphabets of the second one are retrieved. Each arm chooses its temperature and the step of AdamW for batches of 64, from which the others' follow by √(batch / 64)."
  static var uses: [Any.Type] {
    [
      Characters.self, InstanceTraining.self, DCLLoss.self, NTXentLoss.self,
    ]
  }
  static let conditionName = "batch size"
  static let conditions = [16, 32, 64, 256]
  enum Arm: String, Named, CaseIterable {
    case infoNCE = "InfoNCE"
    case dcl = "DCL"
    case dclw = "DCLW"
  }
  static let measures = ["R@1 (%)", "MAP@R (%)"]
  static let settingName = "temperature × step"
  static let choiceConditions = [16, 64]

  static let choiceSeeds = 3

  static func settings(of arm: Arm) -> [ValueAndStep] {
    [.init(0.1, 0.003), .init(0.1, 0.01), .init(0.2, 0.003)]
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: ValueAndStep, seed: UInt64) throws -> [Double] {
    let encoder = try characters.learned(
      InstanceNetwork(seed: seed), seed: seed,
      .init(samples: options.budget(25_600), batch: condition, rate: setting.step)
    ) {
      try Self.loss(arm, temperature: setting.value, $0, $1)
    }
    return try characters.retrieval(encoder)
  }

  static func loss(
    _ arm: Arm, temperature: Double, _ first: Tensor, _ second: Tensor
  ) throws -> Tensor {
    switch arm {
    case .infoNCE: try NTXentLoss(temperature: temperature)(first: first, second: second)
    case .dcl: try DCLLoss(temperature: temperature)(first: first, second: second)
    case .dclw:
      try DCLLoss(temperature: temperature, weighting: .vonMisesFisher(sigma: 0.5))(
        first: first, second: second)
    }
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let small = record.gain(.dcl, over: .infoNCE, conditions[0])
    let large = record.gain(.dcl, over: .infoNCE, conditions[conditions.count - 1])
    let steadier = measures.indices.map {
      record.steadiness(.dcl, over: .infoNCE, measure: $0)
    }
    return Verdict(
      parts: [small.isAbove()] + steadier.map { $0.isAbove() },
      "DCL is \(small.text) points above InfoNCE in batches of \(conditions[0]) and \(large.text) in batches of \(conditions[conditions.count - 1]); from the best size to the worst it loses \(steadier[0].text) points of R@1 less than InfoNCE and \(steadier[1].text) of MAP@R."
    )
  }
}
