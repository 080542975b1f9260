import Learning
import Torch

/// MV-DHEL with more and more views.
struct MultiViewDHEL: Experiment {
  static let name = "mv-dhel-views"
  static let claim =
    "With more views of each example MV-DHEL learns better embeddings, and better ones than InfoNCE averaged over pairs of views."
  static let paper =
    "Koromilas, Bouritsas, Giannakopoulos, Nicolaou, Panagakis. A Principled Framework for Multi-View Contrastive Learning. 2025. <https://arxiv.org/abs/2507.06979>"
  static let data =
    "Omniglot, 28 × 28: 2,720 pictures of the first small background set to learn from without classes (600 batches of 64 pictures, AdamW, a head that ends in batch normalisation as the authors'), the second set's characters to judge by: to retrieve among each other, and by a linear probe fitted to every other picture. More views of a picture mean more computation: see the seconds."
  static let file = #fileID
  static let sources =
    UnlabelledCharacters.sources + [
      "Sources/Learning/Encoders/ProjectionHead.swift",
      "Sources/Learning/Pairs/MultiViewDHELLoss.swift",
      "Sources/Learning/Pairs/MultiViewInfoNCELoss.swift",
      "Sources/Learning/Pairs/NTXentLoss.swift",
    ]
  static let conditionName = "views"
  static let conditions = ["2", "4", "8"]
  static let arms = ["InfoNCE by pairs", "MV-InfoNCE", "MV-DHEL"]
  static let measures = ["R@1 (%)", "linear accuracy (%)"]
  static let choiceConditions = ["4"]
  static let settingName = "temperature"
  static func settings(of arm: String) -> [String] {
    arm == arms[2] ? ["0.1", "0.2", "0.5", "1"] : ["0.05", "0.1", "0.2", "0.5"]
  }

  private let characters: UnlabelledCharacters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try UnlabelledCharacters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let (count, temperature) = (Int(condition) ?? 0, Double(setting) ?? 0)
    let encoder = PictureEncoder(seed: seed)
    // As the authors' head, this one ends in a normalisation over the batch; without it the more
    // views there are, the worse MV-DHEL's embeddings become.
    let head = ProjectionHead(.simCLR(inputs: 64), generator: Generator(seed: seed &+ 1000))
    let optimizer = AdamW(
      encoder.embeddingParameters + head.parameters.map(\.tensor), .init(learningRate: 1e-3))
    var random = SplitMix64(seed, 1)
    for _ in 0..<options.budget(600) {
      let rows = Array(characters.classes.indices.shuffled(using: &random).prefix(64))
      let pictures = characters.pictures.gathered(rows: Tensor(rows))
      let seen = (0..<count).map { _ in characters.view(pictures, using: &random) }
      let outputs = head(encoder.embedded(.concatenated(seen)).relu())
      let views = (0..<count).map { outputs[($0 * 64)..<(($0 + 1) * 64)] }
      let value: Tensor
      switch arm {
      case Self.arms[0]: value = try Self.pairwise(views, temperature: temperature)
      case Self.arms[1]: value = try MultiViewInfoNCELoss(temperature: temperature)(views: views)
      default: value = try MultiViewDHELLoss(temperature: temperature)(views: views)
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return try characters.judged(encoder)
  }

  /// InfoNCE, the mean over pairs of views.
  static func pairwise(_ views: [Tensor], temperature: Double) throws -> Tensor {
    let pairs = views.indices.flatMap { first in
      (first + 1..<views.count).map { (first, $0) }
    }
    let values = try pairs.map {
      try NTXentLoss(temperature: temperature)(first: views[$0.0], second: views[$0.1])
    }
    return Tensor.stacked(values).mean()
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let (few, many) = (conditions[0], conditions[conditions.count - 1])
    let growth = PairedGain(
      zip(record.values(arms[2], many), record.values(arms[2], few)).map { $0 - $1 })
    let gains = conditions.map { record.gain(arms[2], over: arms[0], $0) }
    let texts = zip(conditions, gains).map { "\($1.text) with \($0)" }
    return Verdict(
      parts: [growth.isAbove()] + gains.map { $0.isAbove() },
      "From \(few) views to \(many) MV-DHEL gains \(growth.text) points; above InfoNCE averaged over pairs of views it is, in points, \(texts.joined(separator: ", "))."
    )
  }
}
