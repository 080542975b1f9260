import Noise
import Storage
import Torch

/// Mixup of any examples and of those of one cluster, with complementary labels.
struct ComplementaryMixup: Experiment {
  static let name = "icm-complementary"
  static let claim =
    "Ordinary mixup does not help to learn from complementary labels, and mixup inside of clusters (ICM) does."
  static let paper =
    "Mai, Lin. Intra-Cluster Mixup: An Effective Data Augmentation Technique for Complementary-Label Learning. 2025. <https://arxiv.org/abs/2509.17971>"
  static let data =
    "MNIST: as many of the first 5,000 training images as named, each with one class that it does not have, drawn evenly by the seed; 2,000 test images (for choices training images). A perceptron with 256 hidden units on pixels, the surrogate complementary loss SCL-NL, AdamW, 1,200 batches of 256. Clusters are 50 of k-means on pixels, where the paper takes those of SimSiam; mixup draws from Beta(α, α)."
  static var uses: [Any.Type] {
    [Digits.self, Perceptron.self, SCLLoss.self, IntraClusterMixup.self, ClusterMeans.self]
  }
  static let conditionName = "images"
  static let conditions = [1_000, 5_000]
  enum Arm: String, Named, CaseIterable {
    case plain = "SCL-NL"
    case mixup = "with mixup"
    case inside = "with ICM"
  }
  static let measures = ["accuracy (%)"]
  static let settingName = "step, α"

  struct Setting: Named {
    let step: Double
    var concentration: Double?
    var name: String { "step \(step.name)" + (concentration.map { " α \($0.name)" } ?? "") }
  }

  static func settings(of arm: Arm) -> [Setting] {
    let concentrations: [Double?] = arm == .plain ? [nil] : [0.2, 1]
    return [0.0003, 0.001].flatMap { step in
      concentrations.map { Setting(step: step, concentration: $0) }
    }
  }

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 22)
    let rows = (0..<digits.classes.count).shuffled(using: &random).prefix(condition)
    let inputs = digits.pictures.gathered(rows: Tensor(Array(rows))).reshaped([condition, 784])
    let denied = rows.map { row in
      let other = Int.random(in: 0..<9, using: &random)
      return other < digits.classes[row] ? other : other + 1
    }
    let clusters =
      arm == .inside
      ? try ClusterMeans(count: 50, starts: 1, rounds: 30)(inputs, using: &random).owners
      : [Int](repeating: 0, count: condition)
    let network = Perceptron(inputs: 784, hidden: 256, outputs: 10, seed: seed)
    let mixup = setting.concentration.map { IntraClusterMixup(concentration: $0) }
    let size = min(256, condition)
    let drawn = (0..<options.budget(1_200)).map { _ in
      (0..<size).map { _ in Int.random(in: 0..<condition, using: &random) }
    }
    try network.learn(drawn, epochs: 1, rate: setting.step, using: &random) { batch, random in
      let seen = inputs.gathered(rows: Tensor(batch))
      let labels = batch.map { denied[$0] }
      guard let mixup else { return try SCLLoss()(logits: network(seen), complements: labels) }
      let mixture = mixup(clusters: batch.map { clusters[$0] }, using: &random)
      let logits = network(try mixture.inputs(seen))
      return try mixture.loss(labels: labels) { try SCLLoss()(logits: logits, complements: $0) }
    }
    let test = digits.testPictures.reshaped([digits.testClasses.count, 784])
    return [agreement(network.classes(test), digits.testClasses)]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let inside = conditions.map { record.gain(.inside, over: .plain, $0) }
    let mixed = conditions.map { record.gain(.inside, over: .mixup, $0) }
    let ordinary = conditions.map { record.gain(.mixup, over: .plain, $0) }
    let texts = conditions.indices.map {
      "\(inside[$0].text) over none and \(mixed[$0].text) over ordinary mixup from \(conditions[$0]) images, where ordinary mixup gains \(ordinary[$0].text)"
    }
    return Verdict(
      parts: (inside + mixed).map { $0.isAbove() },
      "Accuracy gained by mixup inside of clusters, in points: \(texts.joined(separator: "; ")).")
  }
}
