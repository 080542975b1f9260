import Noise
import Storage
import Torch

/// The mix of the bag-level and the instance-level loss, in linear regression from bags.
struct AggregateResponses: Experiment {
  static let name = "aggregate-responses"
  static let claim =
    "A mix of the bag-level and the instance-level loss predicts single responses better than either of them."
  static let paper =
    "Javanmard, Chen, Mirrokni, Badanidiyuru, Fu. Learning from Aggregate Responses: Instance Level versus Bag Level Loss Functions. ICLR 2024. <https://arxiv.org/abs/2401.11081>"
  static let data =
    "Communities and Crime (1,994 communities, 99 numbers each, columns with gaps left out): 600 to test; 1,024 of the others, drawn by the seed, in random bags of which the mean response is known; for choices 300 further ones to judge by. A linear model on standardized inputs, AdamW without decay, 600 steps on all bags."
  static var uses: [Any.Type] { [AggregateResponseLoss.self, Communities.self] }
  static let conditionName = "bag size"
  static let conditions = [2, 8, 32]
  enum Arm: String, Named, CaseIterable {
    case bag = "bag-level"
    case instance = "instance-level"
    case mixed = "mixed"
  }
  static let measures = ["variance explained (%)"]
  static let settingName = "step, ρ"

  struct Setting: Named {
    let step: Double
    let weight: Double
    var name: String { "step \(step.name) ρ \(weight.name)" }
  }

  static func settings(of arm: Arm) -> [Setting] {
    let weights: [Double] =
      switch arm {
      case .bag: [0]
      case .instance: [1]
      case .mixed: [0.01, 0.03, 0.1, 0.3]
      }
    return [0.001, 0.003, 0.01].flatMap { step in
      weights.map { Setting(step: step, weight: $0) }
    }
  }
  static let choiceSeeds = 4

  private let table: Communities
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    table = try Communities(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 115)
    let (taught, held) = table.split(taught: 1_024, part: options.part, using: &random)
    let bags = Bags(sizes: [Int](repeating: condition, count: taught.count / condition))
    let targets = taught.map { table.targets[$0] }
    let means = bags.rows.map { rows in
      rows.reduce(0) { $0 + targets[$1] } / Double(condition)
    }
    let (inputs, tested) = table.standardized(taught, held)
    let model = Linear(
      from: inputs.size(along: 1), to: 1, generator: Generator(seed: seed))
    let optimizer = AdamW(
      model.parameters.map(\.tensor), .init(learningRate: setting.step, weightDecay: 0))
    let loss = AggregateResponseLoss(instanceWeight: setting.weight)
    for _ in 0..<options.budget(600) {
      optimizer.clearGradients()
      try loss(predictions: model(inputs).squeezed(along: 1), bags: bags, responses: means)
        .backward()
      try optimizer.step()
    }
    let found = withoutGradients { model(tested).doubles() }
    let wanted = held.map { table.targets[$0] }
    let mean = wanted.reduce(0, +) / Double(wanted.count)
    let error = zip(found, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let total = wanted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return [(1 - error / total) * 100]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let overBag = conditions.map { record.gain(.mixed, over: .bag, $0) }
    let overInstance = conditions.map { record.gain(.mixed, over: .instance, $0) }
    let texts = conditions.indices.map {
      "\(overBag[$0].text) over the bag-level and \(overInstance[$0].text) over the instance-level loss in bags of \(conditions[$0])"
    }
    return Verdict(
      parts: conditions.indices.map { .all([overBag[$0].isAbove(), overInstance[$0].isAbove()]) },
      "Variance explained further by the mix, in points: \(texts.joined(separator: "; ")).")
  }
}
