import Evaluation
import Learning
import Torch

/// LOOK against cross-entropy where the task learnt is coarser than the one that follows.
struct LOOKTransfer: Experiment {
  static let name = "look-transfer"
  static let claim =
    "The leave-one-out nearest-neighbour loss (LOOK) keeps what classes have inside and so transfers better than cross-entropy."
  static let paper =
    "Feng, Jiang, Tang, Jin, Gao. Rethinking Supervised Pre-training for Better Downstream Transferring. ICLR 2022. <https://arxiv.org/abs/2110.06014>"
  static let data =
    "MNIST: 5,000 pictures with two classes, even and odd digits, to learn from (900 batches of 128 in one view, AdamW), and the ten digits to transfer to. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000, on 2,000 test pictures. Each loss sees the embedding or a perceptron on top of it; LOOK's memory holds what it saw of each of the 5,000 last."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Experiments/Sources/Experiments/SettingNumbers.swift",
      "Sources/Learning/Pairs/LOOKLoss.swift", "Sources/Learning/Pairs/SupConLoss.swift",
    ]
  static let conditionName = "task learnt"
  static let conditions = ["even or odd"]
  static let arms = ["cross-entropy", "SupCon", "LOOK"]
  static let measures = [
    "kNN accuracy (%)", "linear accuracy (%)", "accuracy of the coarse task (%)",
  ]

  static let settingName = "where the loss is, neighbours and temperature"

  static func settings(of arm: String) -> [String] {
    let details =
      switch arm {
      case arms[0]: [""]
      case arms[1]: [" τ 0.1", " τ 0.3"]
      default: [" k 20 τ 0.1", " k 100 τ 0.1"]
      }
    return ["embedding", "perceptron"].flatMap { place in details.map { place + $0 } }
  }

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let encoder = PictureEncoder(seed: seed)
    let onTop = setting.hasPrefix("perceptron")
    func seen(_ embeddings: Tensor) -> Tensor {
      onTop ? encoder.projected(embeddings) : embeddings
    }
    let classifier = Linear(from: onTop ? 32 : 64, to: 2, generator: Generator(seed: seed &+ 1000))
    let optimizer = AdamW(
      encoder.parameters.map(\.tensor) + classifier.parameters.map(\.tensor),
      .init(learningRate: 1e-3))
    let coarse = digits.classes.map { $0 % 2 }
    let numbers = setting.settingNumbers
    var memory = withoutGradients { seen(encoder.embeddedAll(digits.pictures)) }
    var random = SplitMix64(seed, 4)
    for _ in 0..<options.budget(900) {
      let rows = Array(coarse.indices.shuffled(using: &random).prefix(128))
      let views = PictureViews()(digits.pictures.gathered(rows: Tensor(rows)), using: &random)
      let outputs = seen(encoder.embedded(views))
      let classes = rows.map { coarse[$0] }
      let value: Tensor
      switch arm {
      case Self.arms[0]:
        value = classifier(outputs.relu()).crossEntropy(ofClasses: Tensor(classes))
      case Self.arms[1]:
        value = try SupConLoss(temperature: numbers[0])(embeddings: outputs, classes: classes)
      default:
        value = try LOOKLoss(neighbours: Int(numbers[0]), temperature: numbers[1])(
          queries: outputs, classes: classes, memory: memory, memoryClasses: coarse, own: rows)
        let index = Tensor(rows)
        memory = memory.addingRows(
          outputs.detached() - memory.gathered(rows: index), at: index)
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    let test = encoder.embeddedAll(digits.testPictures)
    let near = try NearestNeighbourProbe().fitted(
      to: encoder.embeddedAll(digits.pictures), classes: coarse)
    let right = try near.accuracy(on: test, classes: digits.testClasses.map { $0 % 2 })
    return try digits.accuracies(of: encoder) + [right * 100]
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    var parts: [Verdict.Part] = []
    let texts = arms.dropLast().map { base in
      let gains = [0, 1].map { record.gain(arms[2], over: base, conditions[0], measure: $0) }
      parts += gains.map { $0.isAbove() }
      return "\(gains[0].text) by neighbours and \(gains[1].text) by the linear probe over \(base)"
    }
    return Verdict(
      parts: parts, "LOOK on the ten digits, in points: \(texts.joined(separator: "; ")).")
  }
}
