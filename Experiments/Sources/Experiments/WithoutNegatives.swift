import Contrastive
import Evaluation
import Torch

/// The losses without negatives, compared with InfoNCE.
struct WithoutNegatives: Experiment {
  static let name = "without-negatives"
  static let claim =
    "Barlow Twins, VICReg, BYOL and SimSiam need no negatives, do not collapse, and come close to InfoNCE."
  static let paper =
    "Zbontar and others, ICML 2021; Bardes, Ponce, LeCun, ICLR 2022; Grill and others, NeurIPS 2020; Chen, He, CVPR 2021. <https://arxiv.org/abs/2103.03230> <https://arxiv.org/abs/2105.04906> <https://arxiv.org/abs/2006.07733> <https://arxiv.org/abs/2011.10566>"
  static let data =
    "MNIST: 5,000 pictures to learn from without classes (51,200 seen, batches of 64), 2,000 to test. Each arm has the head of its paper, normalised over the batch and narrower: 256 numbers for Barlow Twins, VICReg and SimSiam, 64 for InfoNCE and BYOL; SimSiam's predictor learns at the full step until the end. Each chooses the step of AdamW and the temperature, the weight of the redundancy, that of the covariance, the momentum or the predictor's inner width. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000; the effective rank is that of the test pictures' embeddings. Close is less than five points."
  static var uses: [Any.Type] {
    [
      Digits.self, InstanceTraining.self, EffectiveRank.self, MomentumUpdate.self, BYOLLoss.self,
      BarlowTwinsLoss.self, NTXentLoss.self, SimSiamLoss.self, VICRegLoss.self,
    ]
  }
  static let conditionName = "batch size"
  static let conditions = [64]
  enum Arm: String, Named, CaseIterable {
    case infoNCE = "InfoNCE"
    case barlowTwins = "Barlow Twins"
    case vicReg = "VICReg"
    case byol = "BYOL"
    case simSiam = "SimSiam"
  }
  static let measures = ["kNN accuracy (%)", "linear accuracy (%)", "effective rank"]
  static let settingName = "τ, λ, ν, momentum or width × step"

  static let choiceSeeds = 1

  static func settings(of arm: Arm) -> [ValueAndStep] {
    let (first, second) =
      switch arm {
      case .infoNCE: (0.1, 0.2)
      case .barlowTwins: (0.005, 0.02)
      case .vicReg: (1, 4)
      case .byol: (0.98, 0.996)
      case .simSiam: (64, 256)
      }
    return [.init(first, 0.001), .init(second, 0.001), .init(first, 0.003)]
  }

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: ValueAndStep, seed: UInt64) throws -> [Double] {
    let own = setting.value
    let isWide = arm != .infoNCE && arm != .byol
    func network() -> InstanceNetwork {
      InstanceNetwork(
        seed: seed, hidden: 256, outputs: isWide ? 256 : 64, layers: isWide ? 3 : 2,
        output: arm == .simSiam ? .normalized : .plain)
    }
    let online = network()
    let target = network()
    let predictor = ProjectionHead(
      arm == .byol
        ? .byol(inputs: 64, hidden: 256, outputs: 64)
        : .init(inputs: 256, hidden: Int(own), outputs: 256, output: .offset),
      generator: Generator(seed: seed &+ 2000))
    let learns = online.parameters.map(\.tensor)
    let predicts = predictor.parameters.map(\.tensor)
    let batch = condition
    func halves(_ rows: Tensor) -> (first: Tensor, second: Tensor) {
      (rows[0..<batch], rows[batch..<(2 * batch)])
    }
    try InstanceTraining(samples: options.budget(51_200), batch: batch, rate: setting.step)(
      on: digits.pictures, seed: seed,
      parameters: arm == .byol ? learns + predicts : learns,
      steady: arm == .simSiam ? predicts : [], view: digits.view,
      after: { step, steps in
        if arm == .byol {
          try MomentumUpdate(momentum: own).at(step: step, of: steps)(target, towards: online)
        }
      }
    ) { first, second in
      let seen = Tensor.concatenated([first, second])
      let outputs = online(seen)
      let (a, b) = halves(outputs)
      switch arm {
      case .infoNCE: return try NTXentLoss(temperature: own)(first: a, second: b)
      case .barlowTwins: return try BarlowTwinsLoss(redundancyWeight: own)(first: a, second: b)
      case .vicReg: return try VICRegLoss(covarianceWeight: own)(first: a, second: b)
      case .byol:
        let slow = withoutGradients { target(seen) }
        return try BYOLLoss()(predictions: halves(predictor(outputs)), projections: halves(slow))
      case .simSiam:
        return try SimSiamLoss()(
          predictions: halves(predictor(outputs)), projections: halves(outputs.detached()))
      }
    }
    let rank = try EffectiveRank()(of: online.encoder.embeddedAll(digits.testPictures))
    return try digits.accuracies(of: online.encoder) + [rank]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = arms.dropFirst().map { record.gain($0, over: .infoNCE, conditions[0]) }
    let ranks = arms.map { PairedGain(record.values($0, conditions[0], measure: 2)) }
    let texts = zip(arms.dropFirst(), gains).map { "\($0.name) \($1.text)" }
    return Verdict(
      parts: gains.map { $0.isAbove(-5) } + ranks.map { $0.isAbove(2) },
      "By neighbours against InfoNCE, in points: \(texts.joined(separator: ", ")). The lowest effective rank is \(ExperimentRecord.text(ranks.map(\.mean).min() ?? 0))."
    )
  }
}
