import Contrastive
import Evaluation
import Foundation
import Storage
import Torch

/// Views that give a whole batch one style, on data whose styles correlate with the content.
struct BatchStyles: Experiment {
  static let name = "batch-styles"
  static let claim =
    "Where every view of a batch has one style (batch styles standardization), contrastive embeddings serve better in styles that were not seen."
  static let paper =
    "Scalbert, Vakalopoulou, Couzinié-Devy. Towards Domain-Invariant Self-Supervised Learning with Batch Styles Standardization. ICLR 2024. <https://arxiv.org/abs/2303.06088>"
  static let data =
    "Pictures in styles: light, contrast and a wave across the picture, for photographs another one a colour. A training picture has the style of its class as often as named, else any of ten; those to judge by have ten others, drawn independently. MNIST: 5,000 pictures to learn from without classes and 2,000 to judge by; CIFAR-10: 10,000 and 2,000. 200 batches (100 of photographs) of 128 in two views (AdamW), the encoder of 8, 16 and 32 channels for digits, 16, 32 and 64 for photographs. A linear probe and the vote of 20 neighbours are fitted to 1,000 and to all training pictures in their styles."
  static var uses: [Any.Type] {
    [
      Digits.self, Photographs.self, NTXentLoss.self, BatchStyleStandardization.self,
    ]
  }
  static let conditionName = "pictures in their class's style (%)"
  struct Condition: Named {
    enum Kind: String { case digits, photographs }
    let kind: Kind
    /// The share of pictures in their class's style, in percent.
    let bound: Int
    var name: String { "\(kind.rawValue) \(bound)" }
  }
  static let conditions = [
    Condition(kind: .digits, bound: 90), Condition(kind: .photographs, bound: 0),
    Condition(kind: .photographs, bound: 90),
  ]
  static let choiceConditions = conditions.filter { $0.bound == 90 }
  static let choiceSeeds = 1
  enum Arm: String, Named, CaseIterable {
    case simCLR = "SimCLR"
    case styles = "with batch styles"
  }
  static let measures = [
    "kNN accuracy in new styles (%)", "linear accuracy in new styles (%)",
  ]
  static let settingName = "temperature, largest area"

  struct Setting: Named {
    let temperature: Double
    var area: Double?
    var name: String { "τ \(temperature.name)" + (area.map { " area \($0.name)" } ?? "") }
  }

  static func settings(of arm: Arm) -> [Setting] {
    [0.1, 0.3].map { Setting(temperature: $0, area: arm == .styles ? 0.1 : nil) }
  }

  private let digits: Digits
  private let photographs: Photographs
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    photographs = try Photographs(options)
    self.options = options
  }

  func run(arm: Arm, condition: Condition, setting: Setting, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 15)
    let data: any PictureData = condition.kind == .digits ? digits : photographs
    let bound = Double(condition.bound) / 100
    let (channels, side) = (data.pictures.size(along: 1), data.pictures.size(along: 2))
    let styles = (0..<20).map { _ in Self.style(channels, side: side, using: &random) }
    let pictures = Self.styled(
      data.pictures,
      data.classes.map { label in
        let isBound = Double.random(in: 0..<1, using: &random) < bound
        let other = Int.random(in: 0..<10, using: &random)
        return styles[isBound ? label : other]
      })
    let testPictures = Self.styled(
      data.testPictures,
      data.testClasses.map { _ in styles[Int.random(in: 10..<20, using: &random)] })
    let encoder = try train(
      data, pictures, setting: setting, seed: seed, using: &random)
    let (own, other) = (encoder.embeddedAll(pictures), encoder.embeddedAll(testPictures))
    let near = try NearestNeighbourProbe().fitted(to: own, classes: data.classes)
    let line = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: own[0..<1_000].normalized(), classes: Array(data.classes[0..<1_000]))
    return [
      try near.accuracy(on: other, classes: data.testClasses) * 100,
      try line.accuracy(on: other.normalized(), classes: data.testClasses) * 100,
    ]
  }

  private func train(
    _ data: any PictureData, _ pictures: Tensor, setting: Setting, seed: UInt64,
    using random: inout SplitMix64
  ) throws -> PictureEncoder {
    let inputs = pictures.size(along: 1)
    let encoder = PictureEncoder(
      seed: seed, inputs: inputs, channels: inputs == 1 ? [8, 16, 32] : [16, 32, 64])
    let generator = Generator(seed: seed &+ 1000)
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: 1e-3))
    for _ in 0..<options.budget(inputs == 1 ? 200 : 100) {
      let rows = Array(data.classes.indices.shuffled(using: &random).prefix(128))
      let batch = pictures.gathered(rows: Tensor(rows))
      let seen = (0..<2).map { _ in
        let styled =
          setting.area.map {
            BatchStyleStandardization(largestArea: $0)(batch, generator: generator)
          } ?? batch
        return data.view(styled, using: &random)
      }
      let outputs = encoder.projected(encoder.embedded(.concatenated(seen)))
      let value = try NTXentLoss(temperature: setting.temperature)(
        first: outputs[0..<128], second: outputs[128..<256])
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return encoder
  }

  /// The contrast, and the offset of each pixel per colour.
  private typealias Style = (contrast: Float, light: [Float])

  private static func style(
    _ channels: Int, side: Int, using random: inout SplitMix64
  ) -> Style {
    let light = (0..<channels).flatMap { _ in
      let level = Double.random(in: 0...0.4, using: &random)
      let strength = Double.random(in: 0...0.3, using: &random)
      let (across, down) = (
        Double.random(in: -2...2, using: &random), Double.random(in: -2...2, using: &random)
      )
      let phase = Double.random(in: 0..<(2 * .pi), using: &random)
      return (0..<(side * side)).map { pixel in
        let (x, y) = (Double(pixel % side) / Double(side), Double(pixel / side) / Double(side))
        return Float(level + strength * cos(2 * .pi * (across * x + down * y) + phase))
      }
    }
    return (Float(Double.random(in: 0.4...1, using: &random)), light)
  }

  private static func styled(_ pictures: Tensor, _ styles: [Style]) -> Tensor {
    let contrasts = Tensor(styles.map(\.contrast), shape: [styles.count, 1, 1, 1])
    let light = Tensor(styles.flatMap(\.light), shape: pictures.shape)
    // Views of photographs stay in 0 … 1.
    return pictures * contrasts + (pictures.size(along: 1) == 1 ? light : light * (1 - contrasts))
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let near = conditions.map { record.gain(.styles, over: .simCLR, $0) }
    let line = conditions.map { record.gain(.styles, over: .simCLR, $0, measure: 1) }
    let texts = conditions.indices.map {
      "\(near[$0].text) by neighbours and \(line[$0].text) by the linear probe for \(conditions[$0].name) %"
    }
    return Verdict(
      parts: (near + line).map { $0.isAbove() },
      "Batch styles over SimCLR, in points, for kinds of pictures and shares in their class's style: \(texts.joined(separator: "; "))."
    )
  }
}
