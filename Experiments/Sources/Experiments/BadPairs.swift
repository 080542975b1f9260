import Datasets
import Evaluation
import Foundation
import Learning
import Torch

/// Mining of bad positive pairs, some of which were made bad on purpose.
struct BadPairs: Experiment {
  static let name = "bad-pair-mining"
  static let claim =
    "Weighting down positive pairs whose losses were unusually low or high so far (DBPM) makes contrastive learning of time series better where some pairs are bad."
  static let paper =
    "Lan, Yan, Hong, Feng. Towards Enhancing Time Series Contrastive Learning: A Dynamic Bad Pair Mining Approach. ICLR 2024. <https://arxiv.org/abs/2302.03357>"
  static let data =
    "OSULeaf of the UCR archive (outlines of leaves, 6 kinds), averaged over pairs of steps: 200 series to learn from without classes, 242 to test. Crops, scaling and jitter make two views; of the pairs named, one half has another series as its second view and the other half is noise with little change, the same in every epoch. 60 epochs of 3 batches, τ = 0.2, AdamW, mining after 38 epochs; a plain convolutional encoder (16, 32, 32). A linear probe is fitted to the 200 series as they were."
  static let file = #fileID
  static let sources = [
    "Sources/Datasets/Series/SeriesSet+Reading.swift", "Sources/Evaluation/LinearProbe.swift",
    "Sources/Learning/Encoders/SeriesEncoder.swift",
    "Sources/Learning/Negatives/DynamicBadPairMining.swift",
    "Sources/Learning/Pairs/NTXentLoss.swift", "Sources/Learning/Views/SeriesCrop.swift",
    "Sources/Learning/Views/SeriesJitter.swift", "Sources/Learning/Views/SeriesScaling.swift",
  ]
  static let conditionName = "bad pairs (%)"
  static let conditions = ["0", "10", "30"]
  static let arms = ["SimCLR", "with DBPM", "bad pairs left out"]
  static let measures = [
    "linear accuracy (%)", "bad pairs found (%)", "good pairs taken for bad (%)",
  ]

  private let train: SeriesSet
  private let test: SeriesSet
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    self.options = options
    let archive = try DataFolder(path: options.data).file(
      "timeseries-ucr/timeseries-ucr.tar.xz",
      origin:
        "OSULeaf_TRAIN.ts and …TEST.ts in a folder of their set, packed with tar and xz")
    let folder = FileManager.default.temporaryDirectory.path + "/series-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["tar", "-xJf", archive, "-C", folder, "OSULeaf"]
    try process.run()
    process.waitUntilExit()
    let sets = Result {
      try ["TRAIN", "TEST"].map {
        try SeriesSet(ts: folder + "/OSULeaf/OSULeaf_\($0).ts")
      }
    }
    try FileManager.default.removeItem(atPath: folder)
    let both = try sets.get().map { set in
      // Half as long; an odd step at the end is left out.
      let (count, length) = (set.count, set.values.size(along: 2) / 2 * 2)
      var half = set
      half.values = set.values.slice(0..<length, along: 2).reshaped([count, 1, length / 2, 2])
        .mean(along: 3)
      return half
    }
    (train, test) = (both[0], both[1])
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 12)
    let count = train.count
    let bad = Array(
      (0..<count).shuffled(using: &random).prefix(count * (Int(condition) ?? 0) / 100))
    let (faulty, noisy) = (bad.prefix(bad.count / 2), bad.suffix(bad.count - bad.count / 2))
    var (left, right) = (Array(0..<count), Array(0..<count))
    for row in faulty {
      right[row] = (row + Int.random(in: 1..<count, using: &random)) % count
    }
    let noise = Tensor.normal(train.values.shape, generator: Generator(seed: seed &+ 500))
    for row in noisy { (left[row], right[row]) = (count + row, count + row) }
    let pool = Tensor.concatenated([train.values, noise])

    let encoder = SeriesEncoder(
      .init(widths: [16, 32, 32]), generator: Generator(seed: seed))
    let isBad = Set(bad)
    let rows = arm == Self.arms[2] ? (0..<count).filter { !isBad.contains($0) } : Array(0..<count)
    let mining = try teach(
      encoder, pool: pool, left: left, right: right, rows: rows, isMining: arm == Self.arms[1],
      seed: seed, using: &random)
    encoder.isTraining = false
    let (own, other) = withoutGradients { (encoder(train.values), encoder(test.values)) }
    let probe = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: own.normalized(), classes: train.classes)
    let found = Set(mining.badPairs)
    return [
      try probe.accuracy(on: other.normalized(), classes: test.classes) * 100,
      Double(found.intersection(isBad).count) / Double(max(1, bad.count)) * 100,
      Double(found.subtracting(isBad).count) / Double(max(1, count - bad.count)) * 100,
    ]
  }

  private func teach(
    _ encoder: SeriesEncoder, pool: Tensor, left: [Int], right: [Int], rows: [Int],
    isMining: Bool, seed: UInt64, using random: inout SplitMix64
  ) throws -> DynamicBadPairMining {
    let generator = Generator(seed: seed &+ 1000)
    let head = ProjectionHead(
      .init(inputs: 32, hidden: 32, outputs: 32), generator: Generator(seed: seed &+ 2000))
    let optimizer = AdamW(
      (encoder.parameters + head.parameters).map(\.tensor), .init(learningRate: 1e-3))
    let epochs = options.budget(60)
    var mining = DynamicBadPairMining(
      pairCount: left.count, epochs: epochs, warmUp: epochs * 5 / 8)
    func view(_ rows: [Int]) -> Tensor {
      let whole = pool.gathered(rows: Tensor(rows))
      let cut = SeriesCrop(smallestShare: 0.7)(whole, generator: generator)
      return SeriesJitter()(SeriesScaling()(cut, generator: generator), generator: generator)
    }
    for _ in 0..<epochs {
      let order = rows.shuffled(using: &random)
      let size = order.count / 3
      for start in stride(from: 0, through: order.count - size, by: size) {
        let batch = Array(order[start..<(start + size)])
        let seen = Tensor.concatenated([
          view(batch.map { left[$0] }), view(batch.map { right[$0] }),
        ])
        let outputs = head(encoder(seen))
        var losses = try NTXentLoss(temperature: 0.2).perExample(
          first: outputs[0..<size], second: outputs[size..<(2 * size)])
        if isMining { losses = losses * (try mining.weights(losses: losses, of: batch)) }
        optimizer.clearGradients()
        try losses.mean().backward()
        try optimizer.step()
      }
      mining.finishEpoch()
    }
    return mining
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = conditions.map { record.gain(arms[1], over: arms[0], $0) }
    let ideal = conditions.map { record.gain(arms[2], over: arms[0], $0) }
    let texts = conditions.indices.map {
      "\(gains[$0].text) with \(conditions[$0]) % of bad pairs (leaving them out: \(ideal[$0].text))"
    }
    let found = conditions.dropFirst().map {
      "\(record.spread(arms[1], $0, measure: 1).text) % at \($0) %"
    }
    return Verdict(
      // One test series more in a single seed makes mean and deviation equal, up to rounding.
      parts: gains.dropFirst().map { $0.mean > $0.deviation + 0.01 },
      "DBPM over SimCLR, in points: \(texts.joined(separator: "; ")). It finds \(found.joined(separator: ", ")) of the bad pairs."
    )
  }
}
