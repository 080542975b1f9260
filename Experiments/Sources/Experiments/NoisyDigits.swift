import Foundation
import Noise
import Storage
import Torch

/// Losses that should withstand wrong labels, on digits with three kinds of noise.
struct NoisyDigits: Experiment {
  static let name = "noisy-digits"
  static let claim =
    "The label-distributionally robust loss with adaptive temperatures (ALDR-KL) is at or near the best of seven losses under every kind of label noise."
  static let paper =
    "Zhu, Ying, Yang. Label Distributionally Robust Losses for Multi-class Classification: Consistency, Robustness and Adaptivity. ICML 2023. <https://arxiv.org/abs/2112.14869>"
  static let data =
    "MNIST: 5,000 digits to learn from, of which a share has a wrong label (a redrawn class; the next class; a class that depends on the image); 2,000 to test with right labels, and for choices another 2,000 of the training set. A perceptron of 256 hidden units, 10 epochs of batches of 100, AdamW. The last epoch counts."
  static var uses: [Any.Type] {
    [
      ALDRKLLoss.self, LDRKLLoss.self, GeneralizedCrossEntropyLoss.self,
      SymmetricCrossEntropyLoss.self, MeanAbsoluteErrorLoss.self, LabelCorruption.self,
    ] + Digits.uses
  }
  static let conditionName = "noise"
  static let measures = ["accuracy (%)", "accuracy on the wrong training labels (%)"]
  static let settingName = "hyperparameter × step"
  static let choiceSeeds = 1

  enum Condition: String, Named, CaseIterable {
    case symmetric = "symmetric 60 %"
    case pairwise = "pairwise 40 %"
    case instance = "by image 40 %"
  }

  enum Arm: String, Named, CaseIterable {
    case crossEntropy = "cross-entropy"
    case generalized = "generalised cross-entropy"
    case symmetric = "symmetric cross-entropy"
    case absolute = "absolute error"
    case hinge = "hinge of Crammer and Singer"
    case robust = "LDR-KL"
    case adaptive = "ALDR-KL"
  }

  static func settings(of arm: Arm) -> [ValueAndStep] {
    let values: [Double] =
      switch arm {
      case .crossEntropy, .absolute: [0]
      case .generalized: [0.5, 0.7, 0.95]
      case .symmetric: [0.05, 0.5]
      case .hinge: [0.1, 1, 10]
      case .robust, .adaptive: [0.1, 1, 10]
      }
    return values.flatMap { value in [0.0003, 0.001].map { ValueAndStep(value, $0) } }
  }

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    self.options = options
    digits = try Digits(options)
  }

  func run(arm: Arm, condition: Condition, setting: ValueAndStep, seed: UInt64) throws -> [Double] {
    let given = corrupted(condition, seed: seed)
    let inputs = digits.pictures.reshaped([given.count, -1])
    let generator = Generator(seed: seed)
    let network = Sequential(
      Linear(from: inputs.size(along: 1), to: 256, generator: generator), Activation(.relu),
      Linear(from: 256, to: 10, generator: generator))
    let optimizer = AdamW(network.parameters.map(\.tensor), .init(learningRate: setting.step))
    var objective = Objective(arm: arm, value: setting.value, count: given.count)
    var random = SplitMix64(seed, 21)
    for _ in 0..<options.budget(10) {
      let order = given.indices.shuffled(using: &random)
      for start in stride(from: 0, to: order.count, by: 100) {
        let batch = Array(order[start..<min(start + 100, order.count)])
        let scores = network(inputs.gathered(rows: Tensor(batch)))
        let value = try objective(scores, batch.map { given[$0] }, batch)
        optimizer.clearGradients()
        try value.backward()
        try optimizer.step()
      }
    }
    let test = digits.testPictures.reshaped([digits.testClasses.count, -1])
    let (found, learnt) = withoutGradients {
      (classes(network(test)), classes(network(inputs)))
    }
    let wrong = given.indices.filter { given[$0] != digits.classes[$0] }
    return [
      share(found.indices.filter { found[$0] == digits.testClasses[$0] }.count, of: found.count),
      share(wrong.filter { learnt[$0] == given[$0] }.count, of: wrong.count),
    ]
  }

  private func corrupted(_ condition: Condition, seed: UInt64) -> [Int] {
    let corruption = LabelCorruption(seed: seed)
    let train = Array(digits.classes.indices)
    switch condition {
    case .symmetric:
      return corruption.flipped(
        digits.classes, train: train, by: .symmetric(classes: 10, rate: 0.6))
    case .pairwise:
      return corruption.flipped(digits.classes, train: train, by: .pairwise(classes: 10, rate: 0.4))
    case .instance:
      // Averages of 4 × 4 pixels.
      let small = digits.pictures.averagePooled(window: 4).reshaped([train.count, -1])
      let (values, width) = (small.doubles(), small.size(along: 1))
      return corruption.flipped(
        digits.classes, train: train,
        inputs: train.map { Array(values[($0 * width)..<(($0 + 1) * width)]) }, classCount: 10,
        rate: 0.4)
    }
  }

  private func classes(_ scores: Tensor) -> [Int] {
    scores.argmax(along: 1).array(of: Int64.self).map(Int.init)
  }

  private func share(_ part: Int, of whole: Int) -> Double {
    100 * Double(part) / Double(max(1, whole))
  }

  /// A loss with the state of its examples.
  private struct Objective {
    let arm: Arm
    let value: Double
    var temperatures: [Double]

    init(arm: Arm, value: Double, count: Int) {
      (self.arm, self.value) = (arm, value)
      temperatures = [Double](repeating: value, count: count)
    }

    mutating func callAsFunction(_ scores: Tensor, _ classes: [Int], _ batch: [Int]) throws
      -> Tensor
    {
      switch arm {
      case .crossEntropy: return scores.crossEntropy(ofClasses: Tensor(classes))
      case .generalized:
        return try GeneralizedCrossEntropyLoss(exponent: value)(scores: scores, classes: classes)
      case .symmetric:
        return try SymmetricCrossEntropyLoss(crossEntropyWeight: value)(
          scores: scores, classes: classes)
      case .absolute: return try MeanAbsoluteErrorLoss()(scores: scores, classes: classes)
      case .hinge:
        return try LDRKLLoss(temperature: 0, margin: value, normalization: .none)(
          scores: scores, classes: classes)
      case .robust:
        return try LDRKLLoss(temperature: value)(scores: scores, classes: classes)
      case .adaptive:
        let found = try ALDRKLLoss(temperature: value)(
          scores: scores, classes: classes,
          temperatures: Tensor(batch.map { temperatures[$0] }).converted(to: .float32))
        for (index, temperature) in zip(batch, found.temperatures.doubles()) {
          temperatures[index] = temperature
        }
        return found.value
      }
    }
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let rivals = arms.filter { $0 != .adaptive }
    let parts = conditions.map { condition in
      // At or near the best: not worse by a point than any other.
      Verdict.Part.all(
        rivals.map { record.gain(.adaptive, over: $0, condition).isAbove(-1) })
    }
    let texts = conditions.map { condition in
      let best =
        rivals.max {
          record.spread($0, condition).mean < record.spread($1, condition).mean
        } ?? .crossEntropy
      return
        "\(condition.name): \(record.gain(.adaptive, over: .crossEntropy, condition).text) over cross-entropy, \(record.gain(.adaptive, over: best, condition).text) over the best other (\(best.name))"
    }
    return Verdict(
      parts: parts, "Gain of ALDR-KL in points of accuracy: \(texts.joined(separator: "; ")).")
  }
}
