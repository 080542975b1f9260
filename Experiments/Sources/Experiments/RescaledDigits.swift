import Noise
import Storage
import Torch

/// Weights of examples that are learnt without clean labels.
struct RescaledDigits: Experiment {
  static let name = "rescaled-digits"
  static let claim =
    "Weights learnt from the model's own outputs, judged by noisy examples alone (STORM), tell wrong labels from right ones and raise the accuracy over equal weights."
  static let paper =
    "Heck and others. Learning from Noisy Labels via Self-Taught On-the-Fly Meta Loss Rescaling. AAAI 2025. <https://arxiv.org/abs/2412.12955>; weights by the loss: Sow and others. Dynamic Loss-Based Sample Reweighting. ICLR 2025. <https://arxiv.org/abs/2502.06733>"
  static let data =
    "MNIST: 5,000 digits to learn from, 40 % of their labels wrong (another class, or the next one); 2,000 to test with right labels, and for choices another 2,000 of the training set. A perceptron of 256 hidden units, 15 epochs of batches of 100, AdamW; the last epoch counts. The rescaler has 16 hidden numbers and AdamW with step 0.01; each batch is judged by 100 others, drawn by the scales of the last epoch, or by 100 of 500 examples with right labels."
  static var uses: [Any.Type] {
    [SelfTaughtRescaling.self, LossReweighting.self, LabelCorruption.self] + Digits.uses
  }
  static let conditionName = "noise"
  enum Condition: String, Named, CaseIterable {
    case symmetric
    case pairwise
  }
  enum Arm: String, Named, CaseIterable {
    case equal = "equal weights"
    case byLoss = "weights by the loss"
    case taught = "STORM"
    case clean = "the same, judged by clean examples"
  }
  static let measures = ["accuracy (%)", "area under the curve of weights (%)"]
  static let settingName = "step, r or α"

  static func settings(of arm: Arm) -> [ValueAndStep] {
    let values: [Double] =
      switch arm {
      case .equal: [0]
      case .byLoss: [0.3, 1]
      case .taught, .clean: [0.1, 1]
      }
    return values.flatMap { value in [0.0003, 0.001].map { ValueAndStep(value, $0) } }
  }
  static let choiceSeeds = 1

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    self.options = options
    digits = try Digits(options)
  }

  func run(arm: Arm, condition: Condition, setting: ValueAndStep, seed: UInt64) throws -> [Double] {
    let train = Array(digits.classes.indices)
    let given = LabelCorruption(seed: seed).flipped(
      digits.classes, train: train,
      by: condition == .symmetric
        ? .symmetric(classes: 10, rate: 0.4) : .pairwise(classes: 10, rate: 0.4))
    let inputs = digits.pictures.reshaped([given.count, -1])
    let network = Perceptron(
      inputs: inputs.size(along: 1), hidden: 256, outputs: 10, seed: seed)
    let model = (network.hidden.parameters + network.output.parameters).map(\.tensor)
    func scores(_ rows: [Int]) -> ([Tensor]) -> Tensor {
      let seen = inputs.gathered(rows: Tensor(rows))
      return {
        (seen.matmul($0[0].transposed()) + $0[1]).relu().matmul($0[2].transposed()) + $0[3]
      }
    }
    let rescaler = SelfTaughtRescaling(width: 16, generator: Generator(seed: seed))
    let meta = AdamW(
      rescaler.parameters.map(\.tensor), .init(learningRate: 0.01, weightDecay: 0))
    let optimizer = AdamW(model, .init(learningRate: setting.step))
    let byLoss = LossReweighting(strategy: .quadratic, temperature: setting.value)
    var scales = [Double](repeating: 1, count: given.count)
    var random = SplitMix64(seed, 70)
    for _ in 0..<options.budget(15) {
      let order = train.shuffled(using: &random)
      for start in stride(from: 0, to: order.count, by: 100) {
        let batch = Array(order[start..<min(start + 100, order.count)])
        let labels = batch.map { given[$0] }
        if arm == .taught || arm == .clean {
          let judges =
            arm == .taught
            ? SelfTaughtRescaling.drawn(100, scales: scales, using: &random)
            : (0..<100).map { _ in Int.random(in: 0..<500, using: &random) }
          meta.clearGradients()
          try rescaler.metaLoss(
            of: model, step: setting.value, scores: scores(batch), classes: labels,
            validation: scores(judges),
            validationClasses: judges.map { arm == .taught ? given[$0] : digits.classes[$0] }
          ).backward()
          try meta.step()
        }
        optimizer.clearGradients()
        let found = scores(batch)(model)
        let losses = found.crossEntropies(ofClasses: Tensor(labels))
        let value =
          switch arm {
          case .equal: losses.mean()
          case .byLoss: try byLoss(losses)
          case .taught, .clean: try rescaler.loss(scores: found, classes: labels)
          }
        try value.backward()
        try optimizer.step()
      }
      try withoutGradients {
        let found = scores(train)(model)
        scales =
          switch arm {
          case .equal: scales
          case .byLoss:
            try byLoss.weights(of: found.crossEntropies(ofClasses: Tensor(given))).doubles()
          case .taught, .clean: try rescaler.scales(scores: found, classes: given).doubles()
          }
      }
    }
    let test = digits.testPictures.reshaped([digits.testClasses.count, -1])
    let right = train.map { given[$0] == digits.classes[$0] }
    return [
      agreement(network.classes(test), digits.testClasses),
      rankedArea(train.map { (scales[$0], right[$0]) }) * 100,
    ]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    var parts: [Verdict.Part] = []
    let texts = conditions.map { condition -> String in
      let gain = record.gain(.taught, over: .equal, condition)
      let area = PairedGain(record.values(.taught, condition, measure: 1).map { $0 - 50 })
      parts += [gain.isAbove(), area.isAbove()]
      return
        "\(condition.name): \(gain.text) points over equal weights, \(record.gain(.taught, over: .byLoss, condition).text) over weights by the loss, \(record.gain(.taught, over: .clean, condition).text) over clean judges; area \(area.text) above that of chance"
    }
    return Verdict(parts: parts, "STORM: \(texts.joined(separator: "; ")).")
  }
}
