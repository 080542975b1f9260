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
    "MNIST: 5,000 pictures with two classes, even and odd digits, to learn from (300 batches of 128 in one view, AdamW), and the ten digits to transfer to. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000, on 2,000 test pictures. LOOK's memory holds the embedding of each of the 5,000 as it was last seen."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Learning/Pairs/LOOKLoss.swift", "Sources/Learning/Pairs/SupConLoss.swift",
    ]
  static let conditionName = "task learnt"
  static let conditions = ["even or odd"]
  static let arms = ["cross-entropy", "SupCon", "LOOK, k = 20", "LOOK, k = 100", "LOOK, k = 400"]
  static let measures = [
    "kNN accuracy (%)", "linear accuracy (%)", "accuracy of the coarse task (%)",
  ]

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let encoder = PictureEncoder(seed: seed)
    let classifier = Linear(from: 64, to: 2, generator: Generator(seed: seed &+ 1000))
    let optimizer = AdamW(
      encoder.embeddingParameters + classifier.parameters.map(\.tensor),
      .init(learningRate: 1e-3))
    let coarse = digits.classes.map { $0 % 2 }
    let loss = LOOKLoss(neighbours: Int(arm.split(separator: " ").last ?? "") ?? 1)
    var memory = encoder.embeddedAll(digits.pictures)
    var random = SplitMix64(seed, 4)
    for _ in 0..<options.budget(300) {
      let rows = Array(coarse.indices.shuffled(using: &random).prefix(128))
      let seen = PictureViews()(digits.pictures.gathered(rows: Tensor(rows)), using: &random)
      let embeddings = encoder.embedded(seen)
      let classes = rows.map { coarse[$0] }
      let value =
        switch arm {
        case Self.arms[0]:
          classifier(embeddings.relu()).crossEntropy(ofClasses: Tensor(classes))
        case Self.arms[1]: try SupConLoss()(embeddings: embeddings, classes: classes)
        default:
          try loss(
            queries: embeddings, classes: classes, memory: memory, memoryClasses: coarse,
            own: rows)
        }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
      let index = Tensor(rows)
      let change = embeddings.detached() - memory.gathered(rows: index)
      memory = memory.addingRows(change, at: index)
    }
    let test = encoder.embeddedAll(digits.testPictures)
    let near = try NearestNeighbourProbe().fitted(
      to: encoder.embeddedAll(digits.pictures), classes: coarse)
    let right = try near.accuracy(on: test, classes: digits.testClasses.map { $0 % 2 })
    return try digits.accuracies(of: encoder) + [right * 100]
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let looks = arms.dropFirst(2)
    let near = looks.map { record.gain($0, over: arms[0], conditions[0]) }
    let line = looks.map { record.gain($0, over: arms[0], conditions[0], measure: 1) }
    let texts = looks.indices.map {
      "\(arms[$0]): \(near[$0 - 2].text) by neighbours, \(line[$0 - 2].text) by the linear probe"
    }
    return Verdict(
      parts: (near + line).map { $0.mean > $0.deviation },
      "On the ten digits over cross-entropy, in points: \(texts.joined(separator: "; ")).")
  }
}
