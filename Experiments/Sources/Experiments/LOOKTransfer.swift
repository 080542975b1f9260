import Contrastive
import Evaluation
import Storage
import Torch

/// LOOK against cross-entropy if the training task is coarser than the downstream task.
struct LOOKTransfer: Experiment {
  static let name = "look-transfer"
  static let claim =
    "The leave-one-out nearest-neighbour loss (LOOK) keeps what classes have inside and so transfers better than cross-entropy."
  static let paper =
    "Feng, Jiang, Tang, Jin, Gao. Rethinking Supervised Pre-training for Better Downstream Transferring. ICLR 2022. <https://arxiv.org/abs/2110.06014>"
  static let data =
    "MNIST: 5,000 pictures with two classes, even and odd digits, to learn from (900 batches of 128 in one view, AdamW), and the ten digits to transfer to. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000, on 2,000 test pictures. Each loss sees the embedding or a perceptron on top of it; LOOK's memory holds what it saw of each of the 5,000 last."
  static var uses: [Any.Type] { [Digits.self, LOOKLoss.self, SupConLoss.self] }
  static let conditionName = "task learnt"
  enum Condition: String, Named, CaseIterable {
    case evenOrOdd = "even or odd"
  }
  enum Arm: String, Named, CaseIterable {
    case crossEntropy = "cross-entropy"
    case supCon = "SupCon"
    case look = "LOOK"
  }
  static let measures = [
    "kNN accuracy (%)", "linear accuracy (%)", "accuracy of the coarse task (%)",
  ]

  static let settingName = "where the loss is, neighbours and temperature"

  struct Setting: Named {
    let place: LossPlace
    var neighbours: Int?
    var temperature: Double?

    var name: String {
      place.name + (neighbours.map { " k \($0)" } ?? "")
        + (temperature.map { " τ \($0.name)" } ?? "")
    }
  }

  static func settings(of arm: Arm) -> [Setting] {
    LossPlace.allCases.flatMap { place -> [Setting] in
      switch arm {
      case .crossEntropy: [.init(place: place)]
      case .supCon: [0.1, 0.3].map { .init(place: place, temperature: $0) }
      case .look: [20, 100].map { .init(place: place, neighbours: $0, temperature: 0.1) }
      }
    }
  }

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: Arm, condition: Condition, setting: Setting, seed: UInt64) throws -> [Double] {
    let encoder = PictureEncoder(seed: seed)
    let onTop = setting.place == .perceptron
    func seen(_ embeddings: Tensor) -> Tensor {
      onTop ? encoder.projected(embeddings) : embeddings
    }
    let classifier = Linear(from: onTop ? 32 : 64, to: 2, generator: Generator(seed: seed &+ 1000))
    let optimizer = AdamW(
      encoder.parameters.map(\.tensor) + classifier.parameters.map(\.tensor),
      .init(learningRate: 1e-3))
    let coarse = digits.classes.map { $0 % 2 }
    let temperature = setting.temperature ?? 0.1
    var memory = withoutGradients { seen(encoder.embeddedAll(digits.pictures)) }
    var random = SplitMix64(seed, 4)
    for _ in 0..<options.budget(900) {
      let rows = Array(coarse.indices.shuffled(using: &random).prefix(128))
      let views = PictureViews()(digits.pictures.gathered(rows: Tensor(rows)), using: &random)
      let outputs = seen(encoder.embedded(views))
      let classes = rows.map { coarse[$0] }
      let value: Tensor
      switch arm {
      case .crossEntropy:
        value = classifier(outputs.relu()).crossEntropy(ofClasses: Tensor(classes))
      case .supCon:
        value = try SupConLoss(temperature: temperature)(embeddings: outputs, classes: classes)
      case .look:
        value = try LOOKLoss(neighbours: setting.neighbours ?? 20, temperature: temperature)(
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

  static func verdict(_ record: Results<Self>) -> Verdict {
    var parts: [Verdict.Part] = []
    let texts = arms.dropLast().map { base -> String in
      let gains = [0, 1].map { record.gain(.look, over: base, .evenOrOdd, measure: $0) }
      parts += gains.map { $0.isAbove() }
      return
        "\(gains[0].text) by neighbours and \(gains[1].text) by the linear probe over \(base.name)"
    }
    return Verdict(
      parts: parts, "LOOK on the ten digits, in points: \(texts.joined(separator: "; ")).")
  }
}
