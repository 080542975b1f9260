import Evaluation
import Learning
import Torch

/// The losses that need no negatives, beside InfoNCE.
struct WithoutNegatives: Experiment {
  static let name = "without-negatives"
  static let claim =
    "Barlow Twins, VICReg, BYOL and SimSiam need no negatives, do not collapse, and come close to InfoNCE."
  static let paper =
    "Zbontar and others, ICML 2021; Bardes, Ponce, LeCun, ICLR 2022; Grill and others, NeurIPS 2020; Chen, He, CVPR 2021. <https://arxiv.org/abs/2103.03230> <https://arxiv.org/abs/2105.04906> <https://arxiv.org/abs/2006.07733> <https://arxiv.org/abs/2011.10566>"
  static let data =
    "MNIST: 5,000 pictures to learn from without classes (51,200 seen, batches of 64), 2,000 to test. Each arm has the head of its paper, normalised over the batch and narrower: 256 numbers for Barlow Twins, VICReg and SimSiam, 64 for InfoNCE and BYOL; SimSiam's predictor learns at the full step until the end. Each chooses the step of AdamW and the temperature, the weight of the redundancy, that of the covariance, the momentum or the predictor's inner width. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000; the effective rank is that of the test pictures' embeddings. Close is less than five points."
  static let file = #fileID
  static let sources =
    Digits.sources + InstanceTraining.sources + [
      "Sources/Evaluation/EffectiveRank.swift", "Sources/Learning/Encoders/MomentumUpdate.swift",
      "Sources/Learning/Pairs/BYOLLoss.swift", "Sources/Learning/Pairs/BarlowTwinsLoss.swift",
      "Sources/Learning/Pairs/NTXentLoss.swift", "Sources/Learning/Pairs/SimSiamLoss.swift",
      "Sources/Learning/Pairs/VICRegLoss.swift",
    ]
  static let conditionName = "batch size"
  static let conditions = ["64"]
  static let arms = ["InfoNCE", "Barlow Twins", "VICReg", "BYOL", "SimSiam"]
  static let measures = ["kNN accuracy (%)", "linear accuracy (%)", "effective rank"]
  static let settingName = "τ, λ, ν, momentum or width × step"

  static let choiceSeeds = 1

  static func settings(of arm: String) -> [String] {
    let (first, second) =
      switch arm {
      case arms[0]: ("0.1", "0.2")
      case arms[1]: ("0.005", "0.02")
      case arms[2]: ("1", "4")
      case arms[3]: ("0.98", "0.996")
      default: ("64", "256")
      }
    return ["\(first) × 0.001", "\(second) × 0.001", "\(first) × 0.003"]
  }

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let numbers = setting.split(separator: " × ").compactMap { Double($0) }
    let own = numbers[0]
    let isWide = ![Self.arms[0], Self.arms[3]].contains(arm)
    func network() -> InstanceNetwork {
      InstanceNetwork(
        seed: seed, hidden: 256, outputs: isWide ? 256 : 64, layers: isWide ? 3 : 2,
        output: arm == Self.arms[4] ? .normalized : .plain)
    }
    let online = network()
    let target = network()
    let predictor = ProjectionHead(
      arm == Self.arms[3]
        ? .byol(inputs: 64, hidden: 256, outputs: 64)
        : .init(inputs: 256, hidden: Int(own), outputs: 256, output: .offset),
      generator: Generator(seed: seed &+ 2000))
    let learns = online.parameters.map(\.tensor)
    let predicts = predictor.parameters.map(\.tensor)
    let batch = Int(condition) ?? 0
    func halves(_ rows: Tensor) -> (first: Tensor, second: Tensor) {
      (rows[0..<batch], rows[batch..<(2 * batch)])
    }
    try InstanceTraining(samples: options.budget(51_200), batch: batch, rate: numbers[1])(
      on: digits.pictures, seed: seed,
      parameters: arm == Self.arms[3] ? learns + predicts : learns,
      steady: arm == Self.arms[4] ? predicts : [], view: digits.view,
      after: { step, steps in
        if arm == Self.arms[3] {
          try MomentumUpdate(momentum: own).at(step: step, of: steps)(target, towards: online)
        }
      }
    ) { first, second in
      let seen = Tensor.concatenated([first, second])
      let outputs = online(seen)
      let (a, b) = halves(outputs)
      switch arm {
      case Self.arms[0]: return try NTXentLoss(temperature: own)(first: a, second: b)
      case Self.arms[1]: return try BarlowTwinsLoss(redundancyWeight: own)(first: a, second: b)
      case Self.arms[2]: return try VICRegLoss(covarianceWeight: own)(first: a, second: b)
      case Self.arms[3]:
        let slow = withoutGradients { target(seen) }
        return try BYOLLoss()(predictions: halves(predictor(outputs)), projections: halves(slow))
      default:
        return try SimSiamLoss()(
          predictions: halves(predictor(outputs)), projections: halves(outputs.detached()))
      }
    }
    let rank = try EffectiveRank()(of: online.encoder.embeddedAll(digits.testPictures))
    return try digits.accuracies(of: online.encoder) + [rank]
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = arms.dropFirst().map { record.gain($0, over: arms[0], conditions[0]) }
    let ranks = arms.map { PairedGain(record.values($0, conditions[0], measure: 2)) }
    let texts = zip(arms.dropFirst(), gains).map { "\($0) \($1.text)" }
    return Verdict(
      parts: gains.map { $0.isAbove(-5) } + ranks.map { $0.isAbove(2) },
      "By neighbours against InfoNCE, in points: \(texts.joined(separator: ", ")). The lowest effective rank is \(ExperimentRecord.text(ranks.map(\.mean).min() ?? 0))."
    )
  }
}
