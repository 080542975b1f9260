import Contrastive
import Storage
import Torch

/// MV-DHEL with an increasing number of views.
struct MultiViewDHEL: Experiment {
  static let name = "mv-dhel-views"
  static let claim =
    "With more views of each example MV-DHEL learns better embeddings, and better ones than InfoNCE averaged over pairs of views."
  static let paper =
    "Koromilas, Bouritsas, Giannakopoulos, Nicolaou, Panagakis. A Principled Framework for Multi-View Contrastive Learning. 2025. <https://arxiv.org/abs/2507.06979>"
  static let data =
    "Omniglot, 28 × 28: 2,720 pictures of the first small background set to learn from without classes (600 batches of 64 pictures, AdamW, a head that ends in batch normalisation as the authors'), the second set's characters to judge by: to retrieve among each other, and by a linear probe fitted to every other picture. More views of a picture mean more computation: see the seconds."
  static var uses: [Any.Type] {
    [
      UnlabelledCharacters.self, ProjectionHead.self, MultiViewDHELLoss.self,
      MultiViewInfoNCELoss.self, NTXentLoss.self,
    ]
  }
  static let conditionName = "views"
  static let conditions = [2, 4, 8]
  enum Arm: String, Named, CaseIterable {
    case pairs = "InfoNCE by pairs"
    case mvInfoNCE = "MV-InfoNCE"
    case mvDHEL = "MV-DHEL"
  }
  static let measures = ["R@1 (%)", "linear accuracy (%)"]
  static let choiceConditions = [4]
  static let settingName = "temperature"
  static func settings(of arm: Arm) -> [Double] {
    arm == .mvDHEL ? [0.1, 0.2, 0.5, 1] : [0.05, 0.1, 0.2, 0.5]
  }

  private let characters: UnlabelledCharacters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try UnlabelledCharacters(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Double, seed: UInt64) throws -> [Double] {
    let (count, temperature) = (condition, setting)
    let encoder = PictureEncoder(seed: seed)
    // Like the authors' head, this one ends in batch normalisation; without it, MV-DHEL's
    // embeddings get worse with more views.
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
      case .pairs: value = try Self.pairwise(views, temperature: temperature)
      case .mvInfoNCE: value = try MultiViewInfoNCELoss(temperature: temperature)(views: views)
      case .mvDHEL: value = try MultiViewDHELLoss(temperature: temperature)(views: views)
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return try characters.judged(encoder)
  }

  /// InfoNCE, averaged over pairs of views.
  static func pairwise(_ views: [Tensor], temperature: Double) throws -> Tensor {
    let pairs = views.indices.flatMap { first in
      (first + 1..<views.count).map { (first, $0) }
    }
    let values = try pairs.map {
      try NTXentLoss(temperature: temperature)(first: views[$0.0], second: views[$0.1])
    }
    return Tensor.stacked(values).mean()
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let (few, many) = (conditions[0], conditions[conditions.count - 1])
    let growth = record.gain(of: .mvDHEL, many, over: few)
    let gains = conditions.map { record.gain(.mvDHEL, over: .pairs, $0) }
    let texts = zip(conditions, gains).map { "\($1.text) with \($0)" }
    return Verdict(
      parts: [growth.isAbove()] + gains.map { $0.isAbove() },
      "From \(few) views to \(many) MV-DHEL gains \(growth.text) points; above InfoNCE averaged over pairs of views it is, in points, \(texts.joined(separator: ", "))."
    )
  }
}
