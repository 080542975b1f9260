import Learning
import Torch

/// Several heads with learned temperatures against one head with a fixed one.
struct AdaptiveHeads: Experiment {
  static let name = "adaptive-heads"
  static let claim =
    "Several projection heads with a learned temperature for every pair (AMCL) give better embeddings than one head with a fixed temperature, the more so with stronger views."
  static let paper =
    "Wang, Koniusz, Gedeon, Zheng. Adaptive Multi-head Contrastive Learning. ECCV 2024. <https://arxiv.org/abs/2310.05615>"
  static let data =
    "Omniglot, 28 × 28: 2,720 pictures of the first small background set to learn from without classes (600 batches of 64 in two views, AdamW), the second set's characters to judge by: to retrieve among each other, and by a linear probe fitted to every other picture. Heads are perceptrons from 64 to 32 numbers that end in batch normalisation; InfoNCE averages over its heads. Strong views are turned by up to 0.8 and show as little as 0.4 of a side. Equation 2.1 as the authors' repository shows it cannot be tried: it has no minimum in a temperature, so that a positive's falls to the lowest and the hardest negative's rises to the highest, the authors' range leaves nothing else, and their code fails where it is constructed; the last arm has it with nearly one temperature. Here a pair of cosine s and temperature τ has the likelihood p = exp(−(1 − s) / τ) / τ^(d / 2), which is what the equation's own term means for β = 1, and a row loses −log of the share of its other view's p among those of all other rows."
  static let file = #fileID
  static let sources =
    UnlabelledCharacters.sources + [
      "Sources/Learning/Encoders/ProjectionHead.swift",
      "Sources/Learning/Pairs/AdaptiveMultiHeadLoss.swift",
      "Sources/Learning/Pairs/NTXentLoss.swift",
    ]
  static let conditionName = "views"
  static let conditions = ["usual", "strong"]
  static let arms = [
    "InfoNCE with 1 head", "InfoNCE with 3 heads", "a τ a pair with 1 head",
    "a τ a pair with 3 heads", "equation 2.1 with 3 heads",
  ]
  static let measures = ["R@1 (%)", "linear accuracy (%)"]
  static let choiceConditions = ["usual"]
  static let choiceSeeds = 1
  static let settingName = "τ, or the lowest and the highest τ"
  static func settings(of arm: String) -> [String] {
    switch arm {
    case arms[2], arms[3]: ["0.05 0.1", "0.1 0.2", "0.05 0.5", "0.1 1"]
    case arms[4]: ["0.18 0.2"]
    default: ["0.05", "0.1", "0.2", "0.5"]
    }
  }

  private let characters: UnlabelledCharacters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try UnlabelledCharacters(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let numbers = setting.split(separator: " ").compactMap { Double($0) }
    let encoder = PictureEncoder(seed: seed)
    let generator = Generator(seed: seed &+ 1000)
    let heads = (0..<(arm.contains("3") ? 3 : 1)).map { _ in
      ProjectionHead(.simCLR(inputs: 64, outputs: 32), generator: generator)
    }
    let printed =
      arm == Self.arms[4]
      ? AdaptiveMultiHeadLoss(
        .init(width: 32, temperatures: numbers[0]...numbers[1], regularization: 0.01),
        generator: generator) : nil
    let likely =
      arm == Self.arms[2] || arm == Self.arms[3]
      ? PairLikelihood(width: 32, temperatures: numbers[0]...numbers[1], generator: generator) : nil
    let learned =
      heads.flatMap(\.parameters) + (printed?.parameters ?? []) + (likely?.parameters ?? [])
    let optimizer = AdamW(
      encoder.embeddingParameters + learned.map(\.tensor), .init(learningRate: 1e-3))
    let views =
      condition == Self.conditions[0] ? PictureViews() : PictureViews(turn: 0.8, scale: 0.4...1.2)
    var random = SplitMix64(seed, 16)
    for _ in 0..<options.budget(600) {
      let rows = Array(characters.classes.indices.shuffled(using: &random).prefix(64))
      let pictures = characters.pictures.gathered(rows: Tensor(rows))
      let seen = Tensor.concatenated(
        (0..<2).map { _ in views(pictures, using: &random) })
      let embeddings = encoder.embedded(seen).relu()
      let outputs = heads.map { $0(embeddings) }
      let (first, second) = (outputs.map { $0[0..<64] }, outputs.map { $0[64..<128] })
      let value: Tensor
      if let printed {
        value = try printed(first: first, second: second)
      } else {
        let losses = try zip(first, second).map { first, second in
          try likely?.loss(first: first, second: second)
            ?? NTXentLoss(temperature: numbers[0])(first: first, second: second)
        }
        value = Tensor.stacked(losses).mean()
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return try characters.judged(encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let own = conditions.map { record.gain(arms[3], over: arms[0], $0) }
    let heads = conditions.map { record.gain(arms[3], over: arms[2], $0) }
    let stronger = PairedGain(
      zip(
        zip(record.values(arms[3], conditions[1]), record.values(arms[0], conditions[1])),
        zip(record.values(arms[3], conditions[0]), record.values(arms[0], conditions[0]))
      ).map { strong, usual in (strong.0 - strong.1) - (usual.0 - usual.1) })
    let texts = conditions.indices.map {
      "\(own[$0].text) over InfoNCE with one and \(heads[$0].text) over the same with one (\(conditions[$0]))"
    }
    return Verdict(
      parts: (own + heads).map { $0.isAbove() } + [stronger.isAbove()],
      "R@1 of three heads with a τ a pair, in points: \(texts.joined(separator: "; ")).")
  }
}

/// The contrast of all pairs of rows, each with a learned temperature.
private final class PairLikelihood: Layer {
  private let temperatures: ClosedRange<Double>
  private let halfWidth: Double
  private let inner: [Linear]
  private let outer: Linear

  init(width: Int, temperatures: ClosedRange<Double>, generator: Generator) {
    self.temperatures = temperatures
    halfWidth = Double(width) / 2
    inner = (0..<2).map { _ in Linear(from: width, to: 32, generator: generator) }
    outer = Linear(from: 32, to: 1, generator: generator)
  }

  var parameters: [(name: String, tensor: Tensor)] {
    inner.enumerated().flatMap { $1.parameters(under: "inner.\($0)") }
      + outer.parameters(under: "outer")
  }

  /// The mean over the 2N rows.
  func loss(first: Tensor, second: Tensor) throws -> Tensor {
    let rows = Tensor.concatenated([first, second]).normalized()
    let total = rows.size(along: 0)
    let hidden =
      (inner[0](rows).expandingDimension(at: 1) + inner[1](rows).expandingDimension(at: 0)).relu()
    let openness = outer(hidden).squeezed(along: 2).sigmoid()
    let tau =
      openness * (temperatures.upperBound - temperatures.lowerBound) + temperatures.lowerBound
    let scores = (rows.matmul(rows.transposed()) - 1) / tau - tau.log() * halfWidth
    let numbers = Tensor.range(0..<total, device: .cpu)
    let partners = Tensor((0..<total).map { ($0 + total / 2) % total })
    let isOwn = numbers.expandingDimension(at: 1).isEqual(to: numbers)
    let own = scores.gathered(at: partners.expandingDimension(at: 1), along: 1).squeezed(along: 1)
    return (scores.replacing(where: isOwn, with: -.infinity).logSumExp(along: 1) - own).mean()
  }
}
