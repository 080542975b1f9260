import Contrastive
import Evaluation
import Storage
import Torch

/// Pairs of images of the same identity against classes and triplets, evaluated across cameras.
final class ReIdentification: Experiment {
  static let name = "re-identification"
  static let claim =
    "InfoNCE between two pictures of each identity, one pair an identity and batch (CLIP-ReIdent), retrieves identities never seen across cameras better than training on the classes or on triplets, and better than with batches that repeat identities."
  static let paper =
    "Habel, Deuser, Oswald. CLIP-ReIdent: Contrastive Training for Player Re-Identification. MMSports 2022. <https://arxiv.org/abs/2303.11855>"
  static let data =
    "Omniglot: identities are characters of the small background sets, of other alphabets to judge by. Six cameras, the same in both parts, turn, shear, scale, blur and shade a drawing each its own way; every drawing is taken by one. 1,000 batches of 128 pictures of small random turns and scales (64 pairs; 32 identities with 4 pictures for classes and for triplets, semi-hard ones: with the hardest ones all pictures became one point; with 300 batches instead, tried first, pairs were farther behind classes), AdamW, the convolutional encoder with 16, 32 and 64 channels. It starts where SimCLR (τ = 0.2, 300 batches of 64 in two views, no identities) ended. Each picture looks for its identity among all others, without those of its own camera."
  static var uses: [Any.Type] {
    [
      Characters.self, IdentityRetrieval.self, SymmetricInfoNCELoss.self, NTXentLoss.self,
      TripletLoss.self, NormalizedSoftmaxLoss.self,
    ]
  }
  static let conditionName = "start"
  enum Condition: String, Named, CaseIterable {
    case fineTuned = "fine-tuned"
  }
  static let choiceSeeds = 1
  enum Arm: String, Named, CaseIterable {
    case classes
    case triplets
    case repeats = "InfoNCE with repeats"
    case singlePairs = "InfoNCE of single pairs"
  }
  static let measures = ["mAP (%)", "rank 1 (%)"]
  static let settingName = "temperature or margin"

  static func settings(of arm: Arm) -> [MarginOrTemperature] {
    [0.1, 0.2].map { arm == .triplets ? .margin($0) : .temperature($0) }
  }

  private let characters: Characters
  private let options: ExperimentOptions
  private var pretrained: [UInt64: [Tensor]] = [:]

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options)
    self.options = options
  }

  func run(
    arm: Arm, condition: Condition, setting: MarginOrTemperature, seed: UInt64
  ) throws -> [Double] {
    let (own, _) = Self.taken(characters.pictures, seed: seed)
    let encoder = try start(own, seed: seed)
    try teach(encoder, own, arm: arm, setting: setting, seed: seed)
    let (other, cameras) = Self.taken(characters.testPictures, seed: seed)
    let judged = IdentityRetrieval.Pictures(
      embeddings: encoder.embeddedAll(other), identities: characters.testClasses, cameras: cameras)
    let result = try IdentityRetrieval(depth: 1)(queries: judged, gallery: judged)
    return [result.meanAveragePrecision * 100, result.cumulativeMatches[0] * 100]
  }

  /// Images of drawings as taken by cameras, which the seed determines.
  private static func taken(_ drawings: Tensor, seed: UInt64) -> (Tensor, cameras: [Int]) {
    var random = SplitMix64(seed, 31)
    func number(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &random) }
    let maps = (0..<6).map { _ in
      let (turn, size, shear) = (number(-0.5...0.5), number(0.8...1.25), number(-0.35...0.35))
      return [size, shear - turn, number(-0.15...0.15), turn, size, number(-0.15...0.15)]
        .map(Float.init)
    }
    let shades = (0..<6).map { _ in (number(0.4...1), number(0...0.4), number(-0.4...0.4)) }
    let count = drawings.size(along: 0)
    // Each character was drawn by twenty people, always in the same order.
    let cameras = (0..<count).map { $0 % 20 % 6 }
    let grid = Ops.grid(
      .tensor(Tensor(cameras.flatMap { maps[$0] }, shape: [count, 2, 3])), .ints(drawings.shape),
      .bool(false))
    let seen = Ops.sample(.tensor(drawings), .tensor(grid), .int(0), .int(0), .bool(false))
    func column(_ value: (Int) -> Double) -> Tensor {
      Tensor(cameras.map { Float(value($0)) }, shape: [count, 1, 1, 1])
    }
    let ramp = (Tensor.range(0..<28).converted(to: .float32) * (2 / 27.0) - 1)
    let blurred = seen.averagePooled(window: 3, stride: 1, padding: 1)
    let sharp = column { $0 % 2 == 0 ? 1 : 0 }
    let pictures = blurred + (seen - blurred) * sharp
    return (
      pictures * column { shades[$0].0 } + column { shades[$0].1 } + ramp * column { shades[$0].2 },
      cameras
    )
  }

  /// A network pretrained with SimCLR.
  private func start(_ pictures: Tensor, seed: UInt64) throws -> PictureEncoder {
    let encoder = PictureEncoder(seed: seed, channels: [16, 32, 64])
    if let known = pretrained[seed] {
      withoutGradients {
        for (own, other) in zip(encoder.embeddingParameters, known) { own.copyInPlace(from: other) }
      }
      return encoder
    }
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: 1e-3))
    var random = SplitMix64(seed, 32)
    for _ in 0..<options.budget(300) {
      let rows = (0..<64).map { _ in Int.random(in: characters.classes.indices, using: &random) }
      let batch = pictures.gathered(rows: Tensor(rows))
      let seen = (0..<2).map { _ in PictureViews()(batch, using: &random) }
      let outputs = encoder.projected(encoder.embedded(.concatenated(seen)))
      optimizer.clearGradients()
      try NTXentLoss(temperature: 0.2)(first: outputs[0..<64], second: outputs[64..<128]).backward()
      try optimizer.step()
    }
    pretrained[seed] = encoder.embeddingParameters.map { $0.detached().copied() }
    return encoder
  }

  private func teach(
    _ encoder: PictureEncoder, _ pictures: Tensor, arm: Arm, setting: MarginOrTemperature,
    seed: UInt64
  ) throws {
    let classes = characters.classes
    let weights = characters.classWeights(seed: seed)
    let optimizer = AdamW(encoder.embeddingParameters, .init(learningRate: 1e-3))
    let classOptimizer = AdamW([weights], .init(learningRate: 1e-2))
    let members = (0..<characters.classCount).map { label in
      classes.indices.filter { classes[$0] == label }
    }
    let isPairs = arm == .repeats || arm == .singlePairs
    var random = SplitMix64(seed, 33)
    for _ in 0..<options.budget(1_000) {
      let drawn =
        arm == .repeats
        ? (0..<64).map { _ in Int.random(in: members.indices, using: &random) }
        : Array(members.indices.shuffled(using: &random).prefix(isPairs ? 64 : 32))
      let chosen = drawn.map { members[$0].shuffled(using: &random).prefix(isPairs ? 2 : 4) }
      // All first images, then all second ones.
      let rows = (0..<(isPairs ? 2 : 4)).flatMap { place in chosen.map { $0[place] } }
      let seen = PictureViews(turn: 0.2, scale: 0.85...1.15, contrast: 0.9...1.1)(
        pictures.gathered(rows: Tensor(rows)), using: &random)
      let outputs = encoder.embedded(seen)
      let labels = rows.map { classes[$0] }
      let value =
        switch arm {
        case .classes:
          try NormalizedSoftmaxLoss(temperature: setting.value)(
            embeddings: outputs, weights: weights, classes: labels)
        case .triplets:
          try TripletLoss(margin: setting.value, mining: .semiHard)(
            embeddings: outputs.normalized(), classes: labels)
        case .repeats, .singlePairs:
          try SymmetricInfoNCELoss(temperature: setting.value)(
            queries: outputs[0..<64].normalized(), references: outputs[64..<128].normalized())
        }
      optimizer.clearGradients()
      classOptimizer.clearGradients()
      try value.backward()
      try optimizer.step()
      if arm == .classes { try classOptimizer.step() }
    }
  }

  static func verdict(_ record: Results<ReIdentification>) -> Verdict {
    let gains = conditions.flatMap { condition in
      arms.dropLast().map {
        ($0.name, condition.name, record.gain(.singlePairs, over: $0, condition))
      }
    }
    let texts = gains.map { "\($0.2.text) over \($0.0)" }
    return Verdict(
      parts: gains.map { $0.2.isAbove() },
      "One pair an identity and batch, in points of mAP: \(texts.joined(separator: ", ")).")
  }

  private enum Ops {
    static let grid = Op("aten::affine_grid_generator")
    static let sample = Op("aten::grid_sampler")
  }
}
