import Contrastive
import Datasets
import Evaluation
import Media
import Storage
import Torch

/// Clips with broken scenes and broken motions, so that an encoder attends to motion.
struct SceneMotion: Experiment {
  static let name = "scene-motion"
  static let claim =
    "Positives with a broken scene and negatives with a broken motion (DSM) make an encoder of clips see motions rather than scenes."
  static let paper =
    "Wang, Gao, Li, Hu, Jiang, Guo, Ji, Sun. Enhancing Unsupervised Video Representation Learning by Decoupling the Scene and the Motion. AAAI 2021. <https://arxiv.org/abs/2009.05757>"
  static let data =
    "Made clips of 8 frames of 24 × 24, in which a square moves in one of 8 directions before a scene: 2,000 to learn from without classes (250 batches of 64, AdamW), 1,000 to judge by, others for choices. Scenes are as many as named: with 1,000 hardly two clips share one, as in collections of videos. SimCLR's views are of other light and cut by up to a sixth; DSM's anchors are such views with a broken scene, its positives such views, its negatives such views with a broken motion, in triplets or, as in the paper's main form, as further negatives of a softmax over the batch. Frames are the channels of a small convolutional encoder. A linear probe of motions is fitted to 1,000 training clips."
  static var uses: [Any.Type] {
    [
      MovingShapes.self, LinearProbe.self, ConvolutionalEncoder.self, ProjectionHead.self,
      NTXentLoss.self, DecoupledSceneMotion.self,
    ]
  }
  static let conditionName = "scenes"
  static let conditions = [8, 1000]
  enum Arm: String, Named, CaseIterable {
    case simCLR = "SimCLR"
    case triplets = "DSM, triplets"
    case softmax = "DSM, softmax"
  }
  static let measures = ["motion accuracy (%)", "neighbours of the same scene (%)"]
  static let settingName = "temperature or margin"

  static let choiceConditions = [1000]

  static func settings(of arm: Arm) -> [MarginOrTemperature] {
    arm == .triplets
      ? [0.2, 0.5, 1].map { .margin($0) } : [0.1, 0.2, 0.5].map { .temperature($0) }
  }

  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws { self.options = options }

  func run(
    arm: Arm, condition: Int, setting: MarginOrTemperature, seed: UInt64
  ) throws -> [Double] {
    let shapes = MovingShapes(scenes: condition, seed: seed)
    let train = shapes.clips(0..<2_000)
    // The same scenes, other clips.
    let test = shapes.clips(options.part == .test ? 3_000..<4_000 : 2_000..<3_000)
    let encoder = ConvolutionalEncoder(
      .init(channels: 8, widths: [16, 32, 64]), generator: Generator(seed: seed))
    try teach(encoder, clips: train.pixels, arm: arm, setting: setting, seed: seed)
    encoder.isTraining = false
    func embedded(_ clips: Tensor) -> Tensor {
      withoutGradients {
        Tensor.concatenated(
          stride(from: 0, to: clips.size(along: 0), by: 250).map {
            encoder(Self.pictures(clips[$0..<($0 + 250)]))
          }
        ).normalized()
      }
    }
    let (own, other) = (embedded(train.pixels), embedded(test.pixels))
    let probe = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: own[0..<1_000], classes: Array(train.motions[0..<1_000]))
    let nearest = other.matmul(own.transposed()).argmax(along: 1).array(of: Int64.self)
    let same = zip(nearest, test.scenes).count { train.scenes[Int($0)] == $1 }
    return [
      try probe.accuracy(on: other, classes: test.motions) * 100,
      Double(same) / Double(test.scenes.count) * 100,
    ]
  }

  /// Frames as channels.
  private static func pictures(_ clips: Tensor) -> Tensor {
    let shape = clips.shape
    return clips.reshaped([shape[0], shape[2], shape[3], shape[4]])
  }

  /// Different light, and the same crop for all frames.
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
    _ encoder: ConvolutionalEncoder, clips: Tensor, arm: Arm, setting: MarginOrTemperature,
    seed: UInt64
  ) throws {
    let head = ProjectionHead(
      .init(inputs: 64, hidden: 64, outputs: 32), generator: Generator(seed: seed &+ 2000))
    let optimizer = AdamW(
      (encoder.parameters + head.parameters).map(\.tensor), .init(learningRate: 1e-3))
    let decoupling = DecoupledSceneMotion(margin: setting.value)
    let generator = Generator(seed: seed &+ 1000)
    var random = SplitMix64(seed, 19)
    for _ in 0..<options.budget(250) {
      let rows = (0..<64).map { _ in Int.random(in: 0..<2_000, using: &random) }
      let batch = clips.gathered(rows: Tensor(rows))
      func projected(_ clips: Tensor) -> Tensor {
        head(encoder(Self.pictures(Self.view(clips, using: &random)))).normalized()
      }
      let value: Tensor
      if arm == .simCLR {
        value = try NTXentLoss(temperature: setting.value)(
          first: projected(batch), second: projected(batch))
      } else {
        let anchors = projected(decoupling.sceneBroken(batch, generator: generator))
        let positives = projected(batch)
        let negatives = projected(decoupling.motionBroken(batch, generator: generator))
        value =
          arm == .triplets
          ? decoupling(anchors: anchors, positives: positives, negatives: negatives)
          : (anchors.matmul(Tensor.concatenated([positives, negatives]).transposed())
            * (1 / setting.value)).crossEntropy(ofClasses: Tensor(Array(0..<64)))
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
    let scenes = conditions.flatMap { condition in
      arms.dropFirst().map { record.gain($0, over: .simCLR, condition, measure: 1) }
    }
    let texts = zip(gains, scenes).map {
      "\($0.0) \($0.2.text) (scenes \($1.text)) with \($0.1) scenes"
    }
    return Verdict(
      parts: gains.map { $0.2.isAbove() },
      "Accuracy on motions over SimCLR, in points: \(texts.joined(separator: ", ")).")
  }
}
