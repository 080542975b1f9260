import Contrastive
import Evaluation
import Torch

/// The effect of the temperature, and its disappearance with explicit hard negatives.
struct TemperatureHardness: Experiment {
  static let name = "temperature-hardness"
  static let claim =
    "The lower the temperature, the more even and the less tolerant are embeddings, and the best temperature is in between; a loss on hard negatives only does better at high temperatures and depends less on them."
  static let paper =
    "Wang, Liu. Understanding the Behaviour of Contrastive Loss. CVPR 2021. <https://arxiv.org/abs/2012.09740>"
  static let data =
    "Omniglot's small background sets: the first one teaches without classes (2,720 drawings, 25,600 seen in two views that are slightly turned, scaled and moved, batches of 128), new alphabets of the second one are retrieved. Evenness is −U of Wang and Isola and tolerance the mean cosine within a character, both of the projections of the drawings learned from. The hard loss chooses how many of the 127 negatives it keeps."
  static var uses: [Any.Type] {
    [
      Characters.self, InstanceTraining.self, Tolerance.self, Uniformity.self,
      HardContrastiveLoss.self,
    ]
  }
  static let conditionName = "temperature"
  static let conditions = [0.05, 0.1, 0.2, 0.5, 1]
  enum Arm: String, Named, CaseIterable {
    case contrastive
    case hard = "hard contrastive"
  }
  static let measures = ["R@1 (%)", "MAP@R (%)", "evenness", "tolerance"]
  static let settingName = "negatives kept"

  static let choiceSeeds = 1

  static func settings(of arm: Arm) -> [Int] {
    arm == .contrastive ? [127] : [12, 32, 64]
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(arm: Arm, condition: Double, setting: Int, seed: UInt64) throws -> [Double] {
    let network = InstanceNetwork(seed: seed)
    let loss = HardContrastiveLoss(hardest: setting, temperature: condition)
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

  static func verdict(_ record: Results<Self>) -> Verdict {
    func means(measure: Int = 0) -> [Double] {
      conditions.map { record.spread(.contrastive, $0, measure: measure).mean }
    }
    /// Whether the contrastive loss has more of a measure under one condition than under another.
    func part(_ more: Double, _ less: Double, measure: Int = 0) -> Verdict.Part {
      record.gain(of: .contrastive, more, over: less, measure: measure).isAbove()
    }
    let (retrieval, evenness, tolerance) = (means(), means(measure: 2), means(measure: 3))
    let (first, last) = (conditions[0], conditions[conditions.count - 1])
    let best = conditions[retrieval.indices.max { retrieval[$0] < retrieval[$1] } ?? 0]
    let flattest = conditions[evenness.indices.max { evenness[$0] < evenness[$1] } ?? 0]
    let steps = Array(zip(conditions, conditions.dropFirst()))
    let gain = record.gain(.hard, over: .contrastive, last)
    let steadier = record.steadiness(.hard, over: .contrastive)
    return Verdict(
      parts: [
        .all(steps.map { part($0.0, $0.1, measure: 2) }),
        .all(steps.map { part($0.1, $0.0, measure: 3) }),
        best == first || best == last ? .fails : .all([part(best, first), part(best, last)]),
        gain.isAbove(), steadier.isAbove(),
      ],
      "From \(first.name) to \(last.name) evenness goes from \(ExperimentRecord.text(evenness[0])) to \(ExperimentRecord.text(evenness[evenness.count - 1])) and tolerance from \(ExperimentRecord.text(tolerance[0])) to \(ExperimentRecord.text(tolerance[tolerance.count - 1])); the most even embeddings are those of \(flattest.name), the best temperature is \(best.name). At \(last.name) the hard loss is \(gain.text) points above; from the best temperature to the worst it loses \(steadier.text) less than the contrastive loss."
    )
  }
}
