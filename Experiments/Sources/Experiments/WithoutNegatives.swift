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
    "MNIST: 5,000 pictures to learn from without classes (76,800 seen, batches of 128, AdamW), 2,000 to test. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000; the effective rank is that of the test pictures' embeddings. Close is less than five points."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Evaluation/EffectiveRank.swift", "Sources/Learning/Pairs/BYOLLoss.swift",
      "Sources/Learning/Pairs/BarlowTwinsLoss.swift", "Sources/Learning/Pairs/NTXentLoss.swift",
      "Sources/Learning/Pairs/SimSiamLoss.swift", "Sources/Learning/Pairs/VICRegLoss.swift",
    ]
  static let conditionName = "batch size"
  static let conditions = ["128"]
  static let arms = ["InfoNCE", "Barlow Twins", "VICReg", "BYOL", "SimSiam"]
  static let measures = ["kNN accuracy (%)", "linear accuracy (%)", "effective rank"]

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let encoder = PictureEncoder(seed: seed)
    let target = PictureEncoder(seed: seed)
    let predictor = [
      Linear(from: 32, to: 64, generator: Generator(seed: seed &+ 1000)),
      Linear(from: 64, to: 32, generator: Generator(seed: seed &+ 2000)),
    ]
    let optimizer = AdamW(
      (encoder.parameters + predictor.flatMap(\.parameters)).map(\.tensor),
      .init(learningRate: 1e-3))
    let batch = Int(condition) ?? 0
    let steps = options.budget(76_800) / batch + 1
    let momentum = MomentumUpdate(momentum: 0.98)
    var random = SplitMix64(seed, 1)
    func predicted(_ projections: Tensor) -> Tensor {
      predictor[1](predictor[0](projections).relu())
    }
    for step in 0..<steps {
      let rows = digits.classes.indices.shuffled(using: &random).prefix(batch)
      let pictures = digits.pictures.gathered(rows: Tensor(Array(rows)))
      let seen = Tensor.concatenated(
        (0..<2).map { _ in PictureViews()(pictures, using: &random) })
      func halves(_ rows: Tensor) -> (first: Tensor, second: Tensor) {
        (rows[0..<batch], rows[batch..<(2 * batch)])
      }
      let outputs = encoder.projected(encoder.embedded(seen))
      let (first, second) = halves(outputs)
      let value: Tensor
      switch arm {
      case Self.arms[0]: value = try NTXentLoss()(first: first, second: second)
      case Self.arms[1]: value = try BarlowTwinsLoss()(first: first, second: second)
      case Self.arms[2]: value = try VICRegLoss()(first: first, second: second)
      case Self.arms[3]:
        let slow = withoutGradients { target.projected(target.embedded(seen)) }
        value = try BYOLLoss()(
          predictions: halves(predicted(outputs)), projections: halves(slow))
      default:
        value = try SimSiamLoss()(
          predictions: halves(predicted(outputs)), projections: halves(outputs.detached()))
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
      if arm == Self.arms[3] {
        try momentum.at(step: step, of: steps)(target, towards: encoder)
      }
    }
    let rank = try EffectiveRank()(of: encoder.embeddedAll(digits.testPictures))
    return try digits.accuracies(of: encoder) + [rank]
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = arms.dropFirst().map { record.gain($0, over: arms[0], conditions[0]) }
    let ranks = arms.map { record.spread($0, conditions[0], measure: 2).mean }
    let texts = zip(arms.dropFirst(), gains).map { "\($0) \($1.text)" }
    return Verdict(
      parts: gains.map { $0.mean > -5 } + ranks.map { $0 > 2 },
      "By neighbours against InfoNCE, in points: \(texts.joined(separator: ", ")). The lowest effective rank is \(ExperimentRecord.text(ranks.min() ?? 0))."
    )
  }
}
