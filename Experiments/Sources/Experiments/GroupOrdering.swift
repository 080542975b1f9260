import Contrastive
import Torch

/// GroCo against InfoNCE.
struct GroupOrdering: Experiment {
  static let name = "groco"
  static let claim =
    "Ordering positives before negatives by differentiable sorting (GroCo) gives better nearest neighbours than InfoNCE."
  static let paper =
    "Shvetsova, Petersen, Kukleva, Schiele, Kuehne. Learning by Sorting: Self-supervised Learning with Group Ordering Constraints. ICCV 2023. <https://arxiv.org/abs/2301.02009>"
  static let data =
    "Omniglot's small background sets: the first one teaches without classes (2,720 drawings, 25,600 seen in two views that are slightly turned, scaled and moved), new alphabets of the second one are retrieved. Both arms have a head of two maps that is normalised to the end as the authors' is; InfoNCE chooses its temperature, GroCo, with the authors' 10 negatives, its steepness, and both the step of AdamW for batches of 64."
  static var uses: [Any.Type] {
    [
      Characters.self, InstanceTraining.self, GroCoLoss.self, NTXentLoss.self, SortingNetwork.self,
    ]
  }
  static let conditionName = "batch size"
  static let conditions = [32, 128]
  enum Arm: String, Named, CaseIterable {
    case infoNCE = "InfoNCE"
    case groCo = "GroCo"
  }
  static let measures = ["R@1 (%)", "MAP@R (%)"]
  static let settingName = "temperature or steepness × step"

  static let choiceSeeds = 1

  static func settings(of arm: Arm) -> [ValueAndStep] {
    (arm == .infoNCE ? [0.1, 0.2] : [1, 5]).flatMap { value in
      [0.003, 0.01].map { ValueAndStep(value, $0) }
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: ValueAndStep, seed: UInt64) throws -> [Double] {
    let encoder = try characters.learned(
      InstanceNetwork(seed: seed, outputs: 128, layers: 2, output: .normalized),
      seed: seed,
      .init(samples: options.budget(25_600), batch: condition, rate: setting.step)
    ) { first, second in
      if arm == .infoNCE {
        return try NTXentLoss(temperature: setting.value)(first: first, second: second)
      }
      let network = SortingNetwork(kind: .oddEven, relaxation: .cauchy, steepness: setting.value)
      return try GroCoLoss(network: network)(views: [first, second])
    }
    return try characters.retrieval(encoder)
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.map { record.gain(.groCo, over: .infoNCE, $0) }
    let precise = conditions.map { record.gain(.groCo, over: .infoNCE, $0, measure: 1) }
    let texts = conditions.indices.map {
      "\(gains[$0].text) of R@1 and \(precise[$0].text) of MAP@R in batches of \(conditions[$0])"
    }
    return Verdict(
      parts: gains.map { $0.isAbove() },
      "GroCo over InfoNCE, in points: \(texts.joined(separator: ", ")).")
  }
}
