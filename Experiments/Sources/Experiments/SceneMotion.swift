import Datasets
import Evaluation
import Learning
import Torch

/// Clips with broken scenes and broken motions, so that an encoder looks at what moves.
struct SceneMotion: Experiment {
  static let name = "scene-motion"
  static let claim =
    "Positives with a broken scene and negatives with a broken motion (DSM) make an encoder of clips see motions rather than scenes."
  static let paper =
    "Wang, Gao, Li, Hu, Jiang, Guo, Ji, Sun. Enhancing Unsupervised Video Representation Learning by Decoupling the Scene and the Motion. AAAI 2021. <https://arxiv.org/abs/2009.05757>"
  static let data =
    "Made clips of 8 frames of 24 × 24, in which a square moves in one of 8 directions before one of 8 scenes: 2,000 to learn from without classes (12,800 seen, batches of 64, AdamW), 1,000 to test, in which motion and scene are independent. SimCLR's views are of other light and cut by up to a sixth (τ = 0.1); DSM's anchors are such views, its positives such views with a broken scene. Frames are the channels of a small convolutional encoder. A linear probe of motions is fitted to 1,000 training clips in which the motion follows from the scene as often as named."
  static let file = #fileID
  static let sources = [
    "Sources/Datasets/Images/MovingShapes.swift", "Sources/Evaluation/LinearProbe.swift",
    "Sources/Learning/Encoders/ConvolutionalEncoder.swift",
    "Sources/Learning/Pairs/NTXentLoss.swift", "Sources/Learning/Views/DecoupledSceneMotion.swift",
    "Sources/Learning/Views/ScenePull.swift",
  ]
  static let conditionName = "coupled clips (%)"
  static let conditions = ["0", "90"]
  static let arms = ["SimCLR", "DSM", "SimCLR + DSM"]
  static let measures = ["motion accuracy (%)", "scene accuracy (%)"]

  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws { self.options = options }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let coupling = Double(condition).map { $0 / 100 } ?? 0
    let train = MovingShapes(coupling: coupling, seed: seed).clips(0..<2_000)
    // The same scenes, other clips.
    let test = MovingShapes(coupling: 0, seed: seed).clips(2_000..<3_000)
    let encoder = ConvolutionalEncoder(
      .init(channels: 8, widths: [16, 32, 64]), generator: Generator(seed: seed))
    try teach(encoder, clips: train.pixels, arm: arm, seed: seed)
    encoder.isTraining = false
    func embedded(_ clips: Tensor) -> Tensor {
      withoutGradients {
        Tensor.concatenated(
          stride(from: 0, to: 1_000, by: 250).map {
            encoder(Self.pictures(clips[$0..<($0 + 250)]))
          }
        ).normalized()
      }
    }
    let (own, other) = (embedded(train.pixels), embedded(test.pixels))
    return try [(train.motions, test.motions), (train.scenes, test.scenes)].map {
      try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
        .fitted(to: own, classes: Array($0[0..<1_000])).accuracy(on: other, classes: $1) * 100
    }
  }

  /// Frames as channels.
  private static func pictures(_ clips: Tensor) -> Tensor {
    let shape = clips.shape
    return clips.reshaped([shape[0], shape[2], shape[3], shape[4]])
  }

  /// Other light, and a cut of the picture at the same place of all frames.
  private static func view(_ clips: Tensor, using random: inout SplitMix64) -> Tensor {
    let (count, side) = (clips.size(along: 0), clips.size(along: 3))
    let kept = side - Int.random(in: 0...(side / 6), using: &random)
    let (row, column) = (
      Int.random(in: 0...(side - kept), using: &random),
      Int.random(in: 0...(side - kept), using: &random)
    )
    let cut = clips.slice(row..<(row + kept), along: 3).slice(column..<(column + kept), along: 4)
    let lights = (0..<count).map { _ in Float.random(in: 0.6...1.4, using: &random) }
    return cut * Tensor(lights, shape: [count, 1, 1, 1, 1])
  }

  private func teach(
    _ encoder: ConvolutionalEncoder, clips: Tensor, arm: String, seed: UInt64
  ) throws {
    let head = ProjectionHead(
      .init(inputs: 64, hidden: 64, outputs: 32), generator: Generator(seed: seed &+ 2000))
    let optimizer = AdamW(
      (encoder.parameters + head.parameters).map(\.tensor), .init(learningRate: 1e-3))
    let decoupling = DecoupledSceneMotion()
    let generator = Generator(seed: seed &+ 1000)
    var random = SplitMix64(seed, 19)
    for _ in 0..<options.budget(200) {
      let rows = (0..<64).map { _ in Int.random(in: 0..<2_000, using: &random) }
      let batch = clips.gathered(rows: Tensor(rows))
      func projected(_ clips: Tensor) -> Tensor {
        head(encoder(Self.pictures(Self.view(clips, using: &random)))).normalized()
      }
      let anchors = projected(batch)
      var value = Tensor(0)
      if arm != Self.arms[1] {
        value = value + (try NTXentLoss(temperature: 0.1)(first: anchors, second: projected(batch)))
      }
      if arm != Self.arms[0] {
        value =
          value
          + decoupling(
            anchors: anchors,
            positives: projected(decoupling.sceneBroken(batch, generator: generator)),
            negatives: projected(decoupling.motionBroken(batch, generator: generator)))
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = conditions.flatMap { condition in
      arms.dropFirst().map { ($0, condition, record.gain($0, over: arms[0], condition)) }
    }
    let texts = gains.map { "\($0.0) \($0.2.text) with \($0.1) % of the clips coupled" }
    return Verdict(
      parts: gains.map { $0.2.mean > $0.2.deviation },
      "Accuracy on motions over SimCLR, in points: \(texts.joined(separator: ", ")).")
  }
}
