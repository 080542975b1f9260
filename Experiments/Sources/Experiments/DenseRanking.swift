import Contrastive
import Storage
import Torch

/// Patches of two crops of an image that must match by overlap.
struct DenseRanking: Experiment {
  static let name = "dense-ranking"
  static let claim =
    "Average precision with continuous targets (CoTAP) teaches patches to find each other better than InfoNCE and than average precision of targets cut to 0 and 1, the more so where targets are wrong."
  static let paper =
    "Wen, Xu, Dai, Cong, Huang. Semantic Concentration for Self-Supervised Dense Representations Learning. TPAMI 2025. <https://arxiv.org/abs/2509.09429>"
  static let data =
    "CIFAR-10: 10,000 photographs to learn from, 400 to judge by. Two square crops of sides 18 to 32 in other colours, scaled to 32 × 32, become 8 × 8 patches each by a network of three convolutions (16, 32, 48) and a linear map to 32 dimensions. 16 patches of one crop rank the 64 patches of the other one and 64 of another picture; targets are intersections over unions. As many queries as named have the targets of another query. 300 batches of 16 photographs, AdamW. Judged without colour changes: how much of the best possible overlap the most similar patch of the other crop has, over patches whose best overlap is above 0.2. The loss follows the paper's abstract; neither its text nor its code could be had."
  static var uses: [Any.Type] { [Photographs.self, Crops.self, ContinuousTargetAPLoss.self] }
  static let conditionName = "wrong targets (%)"
  static let conditions = [0, 50]
  static let choiceConditions = [50]
  enum Arm: String, Named, CaseIterable {
    case bestPatch = "InfoNCE of the best patch"
    case shares = "cross-entropy with shares"
    case cutTargets = "AP of targets above 0.3"
    case coTAP = "CoTAP"
  }
  static let measures = ["overlap of the nearest patch (%)", "best patch found (%)"]
  static let settingName = "temperature"

  static func settings(of arm: Arm) -> [Temperature] {
    switch arm {
    case .bestPatch, .shares: [0.05, 0.1, 0.2].map { Temperature($0) }
    case .cutTargets, .coTAP: [0.01, 0.03, 0.1].map { Temperature($0) }
    }
  }

  private let photographs: Photographs
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    photographs = try Photographs(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Temperature, seed: UInt64) throws -> [Double] {
    let encoder = Self.encoder(seed: seed)
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: 2e-3))
    let wrong = Double(condition) / 100
    let colours = ImageViews(colours: ColourJitter(), greyscale: RandomGreyscale())
    let generator = Generator(seed: seed &+ 1000)
    var random = SplitMix64(seed, 41)
    let count = photographs.classes.count
    for _ in 0..<options.budget(300) {
      let rows = (0..<16).map { _ in Int.random(in: 0..<count, using: &random) }
      let batch = photographs.pictures.gathered(rows: Tensor(rows))
      let (first, second) = (Crops(16, using: &random), Crops(16, using: &random))
      let seen = Tensor.concatenated([
        colours(first(batch), generator: generator), colours(second(batch), generator: generator),
      ])
      let patches = Self.patches(encoder(seen))
      // 16 queries per image; candidates from its other crop, then from the next image.
      let chosen = (0..<16).flatMap { picture in
        (0..<64).shuffled(using: &random).prefix(16).map { 64 * picture + $0 }
      }
      let asked = chosen.map { place in
        Double.random(in: 0..<1, using: &random) < wrong
          ? place / 64 * 64 + Int.random(in: 0..<64, using: &random) : place
      }
      let others = patches[16..<32]
      let candidates = Tensor.concatenated([others, others.gathered(rows: Self.turned)], along: 1)
      let queries = patches[0..<16].reshaped([1_024, 32]).gathered(rows: Tensor(chosen))
      let scores = queries.reshaped([16, 16, 32]).matmul(candidates.transposed())
        .reshaped([256, 128])
      let overlaps = first.overlaps(with: second).reshaped([1_024, 64])
        .gathered(rows: Tensor(asked))
      let targets = Tensor.concatenated([overlaps, Tensor.zeros([256, 64])], along: 1)
      optimizer.clearGradients()
      try Self.loss(arm, temperature: setting.value, scores: scores, targets: targets).backward()
      try optimizer.step()
    }
    return judged(encoder, seed: seed)
  }

  private static let turned = Tensor((0..<16).map { ($0 + 1) % 16 })

  private static func loss(
    _ arm: Arm, temperature: Double, scores: Tensor, targets: Tensor
  ) throws -> Tensor {
    // Queries without overlap carry no signal.
    let counted = targets.maximum(along: 1).isGreater(than: 0.1).nonzero().squeezed(along: 1)
    let (scores, targets) = (scores.gathered(rows: counted), targets.gathered(rows: counted))
    switch arm {
    case .bestPatch:
      return (scores * (1 / temperature)).crossEntropy(ofClasses: targets.argmax(along: 1))
    case .shares:
      let shares = targets / targets.sum(along: 1, keepingDimensions: true)
      return -((scores * (1 / temperature)).logSoftmax(along: 1) * shares).sum(along: 1).mean()
    case .cutTargets:
      let cut = targets.isGreater(than: 0.3).converted(to: .float32)
      return try ContinuousTargetAPLoss(temperature: temperature)(scores: scores, targets: cut)
    case .coTAP:
      return try ContinuousTargetAPLoss(temperature: temperature)(scores: scores, targets: targets)
    }
  }

  private static func encoder(seed: UInt64) -> Sequential {
    let generator = Generator(seed: seed)
    let widths = [3, 16, 32, 48]
    var layers: [any UnaryLayer] = []
    for (place, stride) in [1, 2, 2].enumerated() {
      layers.append(
        Convolution2d(
          .init(
            inputs: widths[place], outputs: widths[place + 1], kernel: 3, stride: stride,
            padding: 1, hasBias: false), generator: generator))
      layers.append(BatchNorm(.init(channels: widths[place + 1])))
      layers.append(Activation(.relu))
    }
    layers.append(
      Convolution2d(.init(inputs: 48, outputs: 32, kernel: 1), generator: generator))
    return Sequential(layers)
  }

  /// `[B, 64, 32]` of unit length.
  private static func patches(_ maps: Tensor) -> Tensor {
    maps.reshaped([maps.size(along: 0), 32, 64]).transposed().normalized()
  }

  private func judged(_ encoder: Sequential, seed: UInt64) -> [Double] {
    var random = SplitMix64(seed, 42)
    let pictures = photographs.testPictures[0..<400]
    let (first, second) = (Crops(400, using: &random), Crops(400, using: &random))
    let overlaps = first.overlaps(with: second)
    let nearest = withoutGradients {
      encoder.isTraining = false
      let (own, other) = (
        Self.patches(encoder(first(pictures))), Self.patches(encoder(second(pictures)))
      )
      return own.matmul(other.transposed()).argmax(along: 2)
    }
    let best = overlaps.maximum(along: 2)
    let found = overlaps.gathered(at: nearest.expandingDimension(at: 2), along: 2)
      .squeezed(along: 2)
    let counted = best.isGreater(than: 0.2).converted(to: .float32)
    let right = (best - found).isLess(than: 1e-4).converted(to: .float32)
    let total = counted.sum().scalar
    return [
      (found / best.clamped(from: 1e-6) * counted).sum().scalar / total * 100,
      (right * counted).sum().scalar / total * 100,
    ]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.flatMap { condition in
      arms.dropLast().map { ($0.name, condition.name, record.gain(.coTAP, over: $0, condition)) }
    }
    let texts = gains.map { "\($0.2.text) over \($0.0) with \($0.1) %" }
    return Verdict(
      parts: gains.map { $0.2.isAbove() },
      "CoTAP, in points of overlap: \(texts.joined(separator: ", ")) of wrong targets.")
  }
}
