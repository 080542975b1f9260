import Foundation
import Noise
import Storage
import Torch

/// C-Mixup on three tables with numeric targets.
struct MixedTargets: Experiment {
  static let name = "c-mixup"
  static let claim =
    "Mixing examples whose targets are near (C-Mixup) lowers the error of a regression below that without mixing and that with mixup."
  static let paper =
    "Yao, Wang, Zhang, Zou, Finn. C-Mixup: Improving Generalization in Regression. NeurIPS 2022. <https://arxiv.org/abs/2210.05775>"
  static let data =
    "Airfoil Self-Noise (1,503 examples, 5 numbers), Communities and Crime (1,994, 99 numbers), SkillCraft (3,395, 15 numbers without gaps, the league as target): a fifth to test, and for choices a fifth of the rest. Inputs and targets have mean 0 and deviation 1. A perceptron of two hidden layers (128, 64), 40 epochs of batches of 32, Adam without weight decay, squared error; λ ~ Beta(2, 2). The last epoch counts."
  static var uses: [Any.Type] { [CMixup.self] }
  static let conditionName = "table"
  static let measures = ["variance explained (%)", "root mean squared error, in deviations"]
  static let settingName = "bandwidth × step"
  static let choiceSeeds = 2

  enum Condition: String, Named, CaseIterable { case airfoil, communities, skillcraft }

  enum Arm: String, Named, CaseIterable {
    case plain = "without mixing"
    case mixup
    case nearMixup = "C-Mixup"
  }

  static func settings(of arm: Arm) -> [ValueAndStep] {
    let bandwidths: [Double] =
      switch arm {
      case .plain: [0]
      case .mixup: [.infinity]
      case .nearMixup: [0.03, 0.1, 0.3]
      }
    return bandwidths.flatMap { width in [0.001, 0.003].map { ValueAndStep(width, $0) } }
  }

  private let tables: [Condition: Table]
  private let options: ExperimentOptions

  fileprivate struct Table {
    let rows: [[Double]]
    let targets: [Double]
  }

  init(_ options: ExperimentOptions) throws {
    self.options = options
    let folder = DataFolder(path: options.data)
    func read(_ name: String, _ separators: Set<Character>, skipping count: Int) throws
      -> [[Double]]
    {
      try folder.unpackedText("tabular/\(name)", origin: "UCI's table, packed with xz")
        .split(whereSeparator: \.isNewline).dropFirst(count).map { line in
          line.split(omittingEmptySubsequences: false) { separators.contains($0) }
            .map { Double($0) ?? .nan }
        }
    }
    let airfoil = try read("airfoil_self_noise.dat.xz", ["\t", " "], skipping: 1)
    // The first five columns identify the community.
    let communities = try read("communities.data.xz", [","], skipping: 0)
      .map { Array($0.dropFirst(5)) }
    let skill = try read("SkillCraft1_Dataset.csv.xz", [","], skipping: 1)
    tables = [
      .airfoil: Table(airfoil, target: 5),
      .communities: Table(communities, target: communities[0].count - 1),
      .skillcraft: Table(skill, target: 1),
    ]
  }

  func run(arm: Arm, condition: Condition, setting: ValueAndStep, seed: UInt64) throws -> [Double] {
    guard let table = tables[condition] else { return [] }
    var fixed = SplitMix64(0)
    var random = SplitMix64(seed, 31)
    let mixed = table.rows.indices.shuffled(using: &fixed)
    let testCount = mixed.count / 5
    let order = mixed.dropFirst(testCount).shuffled(using: &random)
    let heldCount = order.count / 5
    let held =
      options.part == .test ? Array(mixed.prefix(testCount)) : Array(order.prefix(heldCount))
    // The same number of examples for choices and for the test.
    let taught = Array(order.dropFirst(heldCount))
    let all = table.scaled(by: taught)
    let (inputs, targets) = (
      all.inputs.gathered(rows: Tensor(taught)), all.targets.gathered(rows: Tensor(taught))
    )
    let generator = Generator(seed: seed)
    let network = Sequential(
      Linear(from: inputs.size(along: 1), to: 128, generator: generator), Activation(.relu),
      Linear(from: 128, to: 64, generator: generator), Activation(.relu),
      Linear(from: 64, to: 1, generator: generator))
    let optimizer = AdamW(
      network.parameters.map(\.tensor), .init(learningRate: setting.step, weightDecay: 0))
    let mixup = CMixup(bandwidth: arm == .plain ? 1 : setting.value)
    for _ in 0..<options.budget(40) {
      let places = taught.indices.shuffled(using: &random)
      for start in stride(from: 0, to: places.count - 31, by: 32) {
        let batch = Array(places[start..<(start + 32)])
        var (x, y) = (
          inputs.gathered(rows: Tensor(batch)), targets.gathered(rows: Tensor(batch))
        )
        if arm != .plain {
          let partners = Tensor(try mixup.partners(of: batch, targets: targets, using: &random))
          let ratio = mixup.ratio(using: &random)
          x = try CMixup.mixed(x, with: inputs.gathered(rows: partners), ratio: ratio)
          y = try CMixup.mixed(y, with: targets.gathered(rows: partners), ratio: ratio)
        }
        let value = network(x).meanSquaredDifference(from: y)
        optimizer.clearGradients()
        try value.backward()
        try optimizer.step()
      }
    }
    let error = withoutGradients {
      network(all.inputs.gathered(rows: Tensor(held)))
        .meanSquaredDifference(from: all.targets.gathered(rows: Tensor(held))).scalar
    }
    let truth = all.targets.gathered(rows: Tensor(held))
    let spread = (truth - truth.mean()).squared().mean().scalar
    return [100 * (1 - error / spread), error.squareRoot()]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let parts = conditions.map { condition in
      Verdict.Part.all(
        [Arm.plain, .mixup].map { record.gain(.nearMixup, over: $0, condition).isAbove() })
    }
    let texts = conditions.map {
      "\($0.name): \(record.gain(.nearMixup, over: .plain, $0).text) over no mixing, \(record.gain(.nearMixup, over: .mixup, $0).text) over mixup"
    }
    return Verdict(
      parts: parts,
      "Gain of C-Mixup in points of variance explained: \(texts.joined(separator: "; ")).")
  }
}

extension MixedTargets.Table {
  /// The columns without gaps, and one of them as target.
  fileprivate init(_ table: [[Double]], target: Int) {
    let whole = table[0].indices.filter { column in
      column != target && table.allSatisfy { $0[column].isFinite }
    }
    rows = table.map { row in whole.map { row[$0] } }
    targets = table.map { $0[target] }
  }

  /// All inputs and targets, scaled to mean 0 and deviation 1 on some examples.
  fileprivate func scaled(by some: [Int]) -> (inputs: Tensor, targets: Tensor) {
    func scale(_ values: Tensor) -> Tensor {
      let known = values.gathered(rows: Tensor(some))
      let deviation = known.variance(along: 0).squareRoot().clamped(from: 1e-6)
      return ((values - known.mean(along: 0)) / deviation).converted(to: .float32)
    }
    return (scale(Tensor(rows: rows)), scale(Tensor(rows: targets.map { [$0] })))
  }
}
