import Evaluation
import Foundation
import Learning
import Torch

/// Views that give a whole batch one style, where styles say something about what is shown.
struct BatchStyles: Experiment {
  static let name = "batch-styles"
  static let claim =
    "Where every view of a batch has one style (batch styles standardization), contrastive embeddings serve better in styles that were not seen."
  static let paper =
    "Scalbert, Vakalopoulou, Couzinié-Devy. Towards Domain-Invariant Self-Supervised Learning with Batch Styles Standardization. ICLR 2024. <https://arxiv.org/abs/2303.06088>"
  static let data =
    "MNIST in styles: light, contrast and a wave across the picture. A training picture has the style of its class as often as named, else any of ten; test pictures have ten others, drawn independently. 5,000 pictures to learn from without classes (25,600 seen, batches of 128 in two views, τ = 0.1, AdamW), 2,000 to test. A linear probe and the vote of 20 neighbours are fitted to 1,000 and 5,000 training pictures in their styles."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Learning/Pairs/NTXentLoss.swift",
      "Sources/Learning/Views/BatchStyleStandardization.swift",
    ]
  static let conditionName = "pictures in their class's style (%)"
  static let conditions = ["0", "90"]
  static let arms = ["SimCLR", "with batch styles"]
  static let measures = [
    "kNN accuracy in new styles (%)", "linear accuracy in new styles (%)",
  ]

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 15)
    let bound = Double(condition).map { $0 / 100 } ?? 0
    let styles = (0..<20).map { _ in Self.style(using: &random) }
    let pictures = Self.styled(
      digits.pictures,
      digits.classes.map { label in
        let isBound = Double.random(in: 0..<1, using: &random) < bound
        let other = Int.random(in: 0..<10, using: &random)
        return styles[isBound ? label : other]
      })
    let testPictures = Self.styled(
      digits.testPictures,
      digits.testClasses.map { _ in styles[Int.random(in: 10..<20, using: &random)] })
    let encoder = try train(
      pictures, isStandardized: arm == Self.arms[1], seed: seed, using: &random)
    let (own, other) = (encoder.embeddedAll(pictures), encoder.embeddedAll(testPictures))
    let near = try NearestNeighbourProbe().fitted(to: own, classes: digits.classes)
    let line = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: own[0..<1_000].normalized(), classes: Array(digits.classes[0..<1_000]))
    return [
      try near.accuracy(on: other, classes: digits.testClasses) * 100,
      try line.accuracy(on: other.normalized(), classes: digits.testClasses) * 100,
    ]
  }

  private func train(
    _ pictures: Tensor, isStandardized: Bool, seed: UInt64, using random: inout SplitMix64
  ) throws -> PictureEncoder {
    let encoder = PictureEncoder(seed: seed)
    let generator = Generator(seed: seed &+ 1000)
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: 1e-3))
    for _ in 0..<options.budget(200) {
      let rows = Array(digits.classes.indices.shuffled(using: &random).prefix(128))
      let batch = pictures.gathered(rows: Tensor(rows))
      let seen = (0..<2).map { _ in
        let styled =
          isStandardized ? BatchStyleStandardization()(batch, generator: generator) : batch
        return PictureViews()(styled, using: &random)
      }
      let outputs = encoder.projected(encoder.embedded(.concatenated(seen)))
      let value = try NTXentLoss(temperature: 0.1)(
        first: outputs[0..<128], second: outputs[128..<256])
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return encoder
  }

  /// Contrast, and what is added to each pixel.
  private typealias Style = (contrast: Float, light: [Float])

  private static func style(using random: inout SplitMix64) -> Style {
    let level = Double.random(in: 0...0.4, using: &random)
    let strength = Double.random(in: 0...0.3, using: &random)
    let (across, down) = (
      Double.random(in: -2...2, using: &random), Double.random(in: -2...2, using: &random)
    )
    let phase = Double.random(in: 0..<(2 * .pi), using: &random)
    let light = (0..<784).map { pixel in
      let (x, y) = (Double(pixel % 28) / 28, Double(pixel / 28) / 28)
      return Float(level + strength * cos(2 * .pi * (across * x + down * y) + phase))
    }
    return (Float(Double.random(in: 0.4...1, using: &random)), light)
  }

  private static func styled(_ pictures: Tensor, _ styles: [Style]) -> Tensor {
    let contrasts = Tensor(styles.map(\.contrast), shape: [styles.count, 1, 1, 1])
    let lights = Tensor(styles.flatMap(\.light), shape: [styles.count, 1, 28, 28])
    return pictures * contrasts + lights
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let near = conditions.map { record.gain(arms[1], over: arms[0], $0) }
    let line = conditions.map { record.gain(arms[1], over: arms[0], $0, measure: 1) }
    let texts = conditions.indices.map {
      "\(near[$0].text) by neighbours and \(line[$0].text) by the linear probe where \(conditions[$0]) % are in their class's style"
    }
    return Verdict(
      parts: (near + line).map { $0.mean > $0.deviation },
      "Batch styles over SimCLR, in points: \(texts.joined(separator: "; ")).")
  }
}
