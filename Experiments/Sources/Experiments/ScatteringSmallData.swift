import Contrastive
import Evaluation
import Storage
import Torch

/// Wavelets as the first layers of a network trained on few images.
struct ScatteringSmallData: Experiment {
  static let name = "scattering-small-data"
  static let claim =
    "With wavelets in place of learned first layers (ScatSimCLR) contrastive learning from few pictures gives better embeddings than a convolutional encoder."
  static let paper =
    "Kinakh, Taran, Voloshynovskiy. ScatSimCLR: self-supervised contrastive learning with pretext task regularization for small-scale datasets. ICCV Workshops 2021. <https://arxiv.org/abs/2108.13939>"
  static let data =
    "MNIST: as many pictures as named to learn from without classes (100 batches of 64 in two views, AdamW), 2,000 to test. Embeddings of 128 dimensions are judged by a linear probe and by the vote of 20, both fitted to 1,000 pictures. Wavelets of 2 scales and 4 angles, then a convolution of 16 channels and a residual block of 32, averaged over 2 × 2 fields; the other encoder has convolutions of 16, 32 and 128. Wavelets alone are averaged over the same fields."
  static var uses: [Any.Type] {
    [
      Digits.self, ConvolutionalEncoder.self, ScatteringEncoder.self, ScatteringTransform.self,
      ProjectionHead.self, NTXentLoss.self,
    ]
  }
  static let conditionName = "pictures"
  static let conditions = [200, 1000]
  static let choiceConditions = [1000]
  static let choiceSeeds = 1
  enum Arm: String, Named, CaseIterable {
    case convolutional
    case learned = "wavelets, then learned"
    case alone = "wavelets alone"
  }
  static let measures = ["linear accuracy (%)", "kNN accuracy (%)"]
  static let settingName = "temperature"

  static func settings(of arm: Arm) -> [Double?] {
    // Wavelets alone do not learn.
    arm == .alone ? [nil] : [0.1, 0.2, 0.5]
  }

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Double?, seed: UInt64) throws -> [Double] {
    let generator = Generator(seed: seed)
    let waves = ScatteringTransform.Configuration(height: 28, width: 28, scales: 2, angles: 4)
    let encoder: any UnaryLayer & TrainingAware =
      arm == .convolutional
      ? ConvolutionalEncoder(.init(widths: [16, 32, 128]), generator: generator)
      : ScatteringEncoder(
        .init(transform: waves, channels: 1, width: 16, stages: [32], blocks: 1, fields: 2),
        generator: generator)
    if arm == .alone {
      let transform = ScatteringTransform(waves)
      return try judged {
        Ops.averages(.tensor(transform($0)), .ints([2, 2])).reshaped([500, -1])
      }
    }
    try teach(encoder, count: condition, temperature: setting ?? 0.1, seed: seed)
    encoder.isTraining = false
    return try judged { encoder($0) }
  }

  private func teach(
    _ encoder: any UnaryLayer & TrainingAware, count: Int, temperature: Double, seed: UInt64
  ) throws {
    let head = ProjectionHead(
      .init(inputs: 128, hidden: 64, outputs: 32), generator: Generator(seed: seed &+ 2000))
    let optimizer = AdamW(
      (encoder.parameters + head.parameters).map(\.tensor), .init(learningRate: 1e-3))
    var random = SplitMix64(seed, 20)
    let known = digits.classes.indices.shuffled(using: &random).prefix(count)
    for _ in 0..<options.budget(100) {
      let rows = Array(known.shuffled(using: &random).prefix(64))
      let pictures = digits.pictures.gathered(rows: Tensor(rows))
      let seen = (0..<2).map { _ in PictureViews()(pictures, using: &random) }
      let outputs = head(encoder(.concatenated(seen)))
      let value = try NTXentLoss(temperature: temperature)(
        first: outputs[0..<64], second: outputs[64..<128])
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
  }

  private func judged(_ embedding: (Tensor) -> Tensor) throws -> [Double] {
    func all(_ pictures: Tensor, _ count: Int) -> Tensor {
      withoutGradients {
        Tensor.concatenated(
          stride(from: 0, to: count, by: 500).map { embedding(pictures[$0..<($0 + 500)]) }
        ).normalized()
      }
    }
    let (own, other) = (all(digits.pictures, 1_000), all(digits.testPictures, 2_000))
    let classes = Array(digits.classes[0..<1_000])
    let line = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: own, classes: classes)
    let near = try NearestNeighbourProbe().fitted(to: own, classes: classes)
    return [
      try line.accuracy(on: other, classes: digits.testClasses) * 100,
      try near.accuracy(on: other, classes: digits.testClasses) * 100,
    ]
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let line = conditions.map { record.gain(.learned, over: .convolutional, $0) }
    let near = conditions.map { record.gain(.learned, over: .convolutional, $0, measure: 1) }
    let alone = conditions.map { record.gain(.learned, over: .alone, $0) }
    let texts = conditions.indices.map {
      "\(line[$0].text) by the linear probe and \(near[$0].text) by neighbours from \(conditions[$0]) pictures (over wavelets alone \(alone[$0].text) by the probe)"
    }
    return Verdict(
      parts: (line + near).map { $0.isAbove() },
      "Wavelets with learnt layers after them over convolutions, in points: \(texts.joined(separator: "; "))."
    )
  }

  private enum Ops {
    static let averages = Op("aten::adaptive_avg_pool2d")
  }
}
