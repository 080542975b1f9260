import Contrastive
import Evaluation
import Storage
import Torch

/// A pretext task added to a contrastive loss.
struct PretextRegularization: Experiment {
  static let name = "pretext-regularization"
  static let claim =
    "A pretext beside the contrastive loss (ScatSimCLR: which quarter a picture is turned by, or which order its tiles have) gives better embeddings than the contrastive loss alone."
  static let paper =
    "Kinakh, Taran, Voloshynovskiy. ScatSimCLR: self-supervised contrastive learning with pretext task regularization for small-scale datasets. ICCV Workshops 2021. <https://arxiv.org/abs/2108.13939>"
  static let data =
    "CIFAR-10: as many photographs as named to learn from without classes (200 batches of 64 in two views, AdamW), 2,000 to judge by. A convolutional encoder (32, 64, 128). The pretext sees a third view of each, turned, or in nine tiles of 10 × 10 in one of 35 orders (the authors scale tiles up and show all four turns). Embeddings are judged by a linear probe and by the vote of 20, fitted to 1,000 and 10,000 photographs."
  static var uses: [Any.Type] {
    [
      Photographs.self, ConvolutionalEncoder.self, ProjectionHead.self, PretextHead.self,
      NTXentLoss.self, Jigsaw.self, QuarterTurns.self,
    ]
  }
  static let conditionName = "photographs"
  static let conditions = [1000]
  static let choiceSeeds = 1
  enum Arm: String, Named, CaseIterable {
    case simCLR = "SimCLR"
    case turns = "with turns"
    case tiles = "with tiles"
  }
  static let measures = ["linear accuracy (%)", "kNN accuracy (%)"]
  static let settingName = "temperature, weight"

  struct Setting: Named {
    let temperature: Double
    var weight: Double?
    var name: String { "τ \(temperature.name)" + (weight.map { " λ \($0.name)" } ?? "") }
  }

  static func settings(of arm: Arm) -> [Setting] {
    [0.2, 0.5].map { Setting(temperature: $0, weight: arm == .simCLR ? nil : 0.3) }
  }

  private let photographs: Photographs
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    photographs = try Photographs(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    let encoder = ConvolutionalEncoder(
      .init(channels: 3, widths: [32, 64, 128]), generator: Generator(seed: seed))
    try teach(encoder, count: condition, arm: arm, setting: setting, seed: seed)
    encoder.isTraining = false
    func embedded(_ pictures: Tensor) -> Tensor {
      withoutGradients {
        Tensor.concatenated(
          stride(from: 0, to: pictures.size(along: 0), by: 500).map {
            encoder(pictures[$0..<($0 + 500)])
          }
        ).normalized()
      }
    }
    let (own, other) = (embedded(photographs.pictures), embedded(photographs.testPictures))
    let line = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: own[0..<1_000], classes: Array(photographs.classes[0..<1_000]))
    let near = try NearestNeighbourProbe().fitted(to: own, classes: photographs.classes)
    return [
      try line.accuracy(on: other, classes: photographs.testClasses) * 100,
      try near.accuracy(on: other, classes: photographs.testClasses) * 100,
    ]
  }

  private func teach(
    _ encoder: ConvolutionalEncoder, count: Int, arm: Arm, setting: Setting, seed: UInt64
  ) throws {
    let head = ProjectionHead(
      .init(inputs: 128, hidden: 128, outputs: 64), generator: Generator(seed: seed &+ 2000))
    let isTurned = arm == .turns
    let pretext = PretextHead(
      .init(
        inputs: 128, classes: isTurned ? 4 : 35, tiles: isTurned ? 1 : 9, width: 128,
        jointWidth: isTurned ? 128 : 256, weight: setting.weight ?? 0),
      generator: Generator(seed: seed &+ 3000))
    let hasPretext = arm != .simCLR
    let optimizer = AdamW(
      (encoder.parameters + head.parameters + (hasPretext ? pretext.parameters : []))
        .map(\.tensor), .init(learningRate: 1e-3))
    let generator = Generator(seed: seed &+ 1000)
    var random = SplitMix64(seed, 51)
    for _ in 0..<options.budget(200) {
      let rows = (0..<64).map { _ in Int.random(in: 0..<count, using: &random) }
      let pictures = photographs.pictures.gathered(rows: Tensor(rows))
      let seen = (0..<2).map { _ in photographs.view(pictures, using: &random) }
      let outputs = head(encoder(.concatenated(seen)))
      var value = try NTXentLoss(temperature: setting.temperature)(
        first: outputs[0..<64], second: outputs[64..<128])
      if hasPretext {
        // As the authors do: a view is rotated, or cut into tiles.
        let view = photographs.view(pictures, using: &random)
        let (changed, classes) =
          isTurned
          ? QuarterTurns()(view, generator: generator) : Jigsaw()(view, generator: generator)
        value = value + pretext.regularization(encoder(changed), classes: classes)
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.flatMap { condition in
      arms.dropFirst().map {
        ($0.name, condition.name, record.gain($0, over: .simCLR, condition))
      }
    }
    let texts = gains.map { "\($0.2.text) \($0.0) from \($0.1) photographs" }
    return Verdict(
      parts: gains.map { $0.2.isAbove() },
      "By the linear probe over SimCLR, in points: \(texts.joined(separator: ", ")).")
  }
}
