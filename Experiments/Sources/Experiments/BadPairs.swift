import Contrastive
import Evaluation
import Storage
import Torch

/// Mining of bad positive pairs, some of which are corrupted on purpose.
struct BadPairs: Experiment {
  static let name = "bad-pair-mining"
  static let claim =
    "Weighting down positive pairs whose losses were unusually low or high so far (DBPM) makes contrastive learning of time series better where some pairs are bad."
  static let paper =
    "Lan, Yan, Hong, Feng. Towards Enhancing Time Series Contrastive Learning: A Dynamic Bad Pair Mining Approach. ICLR 2024. <https://arxiv.org/abs/2302.03357>"
  static let data =
    "OSULeaf of the UCR archive (outlines of leaves, 6 kinds, both parts together, averaged over pairs of steps): 300 series to learn from without classes, 142 to judge by; for choices 230 and 70 of the 300. Every recording of a series is disturbed by a wave of its own frequency, phase and strength. A good pair are two recordings of a series; a noisy pair has the same disturbance twice, a faulty pair shows two series, the same in every epoch. Crops, scaling and jitter make views; 400 batches of 64, AdamW, mining after five eighths; a plain convolutional encoder (16, 32, 32). The nearest neighbour and a linear probe are fitted to two recordings of each series that was learned from and judged on four of each other one. The left-out arm is given which pairs are bad and trains as many batches without them."
  static var uses: [Any.Type] {
    [
      Leaves.self, LinearProbe.self, NearestNeighbourProbe.self, SeriesEncoder.self,
      ProjectionHead.self, DynamicBadPairMining.self, NTXentLoss.self, SeriesCrop.self,
      SeriesJitter.self, SeriesScaling.self,
    ]
  }
  static let conditionName = "bad pairs"
  enum Condition: String, Named, CaseIterable {
    case none
    case noisy = "30 % noisy"
    case faulty = "30 % faulty"
  }
  static let choiceConditions: [Condition] = [.noisy, .faulty]
  static let choiceSeeds = 2
  enum Arm: String, Named, CaseIterable {
    case simCLR = "SimCLR"
    case mining = "with DBPM"
    case leftOut = "bad pairs left out"
  }
  static let measures = [
    "nearest neighbour's accuracy (%)", "linear accuracy (%)", "bad pairs found (%)",
    "good pairs taken for bad (%)",
  ]
  static let settingName = "temperature and cuts"

  struct Setting: Named {
    let temperature: Double
    var cut: Double?
    var name: String { "τ \(temperature.name)" + (cut.map { " β \($0.name)" } ?? "") }
  }

  static func settings(of arm: Arm) -> [Setting] {
    let cuts: [Double?] = arm == .mining ? [1, 1.5] : [nil]
    return [0.2, 0.5].flatMap { known in cuts.map { Setting(temperature: known, cut: $0) } }
  }

  private let leaves: Leaves
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    self.options = options
    leaves = try Leaves(options)
  }

  func run(arm: Arm, condition: Condition, setting: Setting, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 12)
    let generator = Generator(seed: seed &+ 500)
    let places = (0..<300).shuffled(using: &random)
    let (own, other) =
      options.part == .test
      ? (Array(0..<300), Array(300..<442)) : (Array(places[..<230]), Array(places[230...]))
    let count = own.count
    let series = leaves.outlines.gathered(rows: Tensor(own))
    let share = condition == .none ? 0 : 30
    let bad = Set((0..<count).shuffled(using: &random).prefix(count * share / 100))
    let isNoisy = condition == .noisy
    let once = (0..<count).map { isNoisy && bad.contains($0) ? Float(1) : 0 }
    let pairs = Pairs(
      // A series recorded once is identical in both views.
      series: Leaves.recorded(series, strengths: once, generator: generator),
      strengths: once.map { 1 - $0 },
      partners: (0..<count).map {
        let other = ($0 + Int.random(in: 1..<count, using: &random)) % count
        return !isNoisy && bad.contains($0) ? other : $0
      })
    let encoder = SeriesEncoder(.init(widths: [16, 32, 32]), generator: Generator(seed: seed))
    let rows = (0..<count).filter { arm != .leftOut || !bad.contains($0) }
    let mining = try teach(
      encoder, pairs, rows: rows, isMining: arm == .mining, setting: setting, seed: seed,
      using: &random)
    encoder.isTraining = false
    func embedded(_ places: [Int], times: Int) -> (Tensor, [Int]) {
      let places = (0..<times).flatMap { _ in places }
      let recordings = Leaves.recorded(
        leaves.outlines.gathered(rows: Tensor(places)), generator: generator)
      return (
        withoutGradients { encoder(recordings).normalized() }, places.map { leaves.classes[$0] }
      )
    }
    let ((known, labels), (unknown, truth)) = (embedded(own, times: 2), embedded(other, times: 4))
    let probe = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: known, classes: labels)
    let nearest = try NearestNeighbourProbe(neighbours: 1).fitted(to: known, classes: labels)
    let found = Set(mining.badPairs)
    return [
      try nearest.accuracy(on: unknown, classes: truth) * 100,
      try probe.accuracy(on: unknown, classes: truth) * 100,
      Double(found.intersection(bad).count) / Double(max(1, bad.count)) * 100,
      Double(found.subtracting(bad).count) / Double(max(1, count - bad.count)) * 100,
    ]
  }

  /// The training series, the disturbance of each view, and the source of the second views.
  private struct Pairs {
    let series: Tensor
    let strengths: [Float]
    let partners: [Int]
  }

  private func teach(
    _ encoder: SeriesEncoder, _ pairs: Pairs, rows: [Int], isMining: Bool, setting: Setting,
    seed: UInt64, using random: inout SplitMix64
  ) throws -> DynamicBadPairMining {
    let loss = NTXentLoss(temperature: setting.temperature)
    let generator = Generator(seed: seed &+ 1000)
    let head = ProjectionHead(
      .init(inputs: 32, hidden: 32, outputs: 32), generator: Generator(seed: seed &+ 2000))
    let optimizer = AdamW(
      (encoder.parameters + head.parameters).map(\.tensor), .init(learningRate: 1e-3))
    let count = pairs.partners.count
    let batches = max(1, rows.count / 64)
    let epochs = max(2, options.budget(400) / batches)
    var mining = DynamicBadPairMining(
      pairCount: count, epochs: epochs, warmUp: epochs * 5 / 8, noisyCut: setting.cut ?? 2,
      faultyCut: setting.cut ?? 2)
    func view(_ batch: [Int]) -> Tensor {
      let fresh = Leaves.recorded(
        pairs.series.gathered(rows: Tensor(batch)), strengths: batch.map { pairs.strengths[$0] },
        generator: generator)
      let cut = SeriesCrop(smallestShare: 0.8)(fresh, generator: generator)
      return SeriesJitter()(SeriesScaling()(cut, generator: generator), generator: generator)
    }
    for _ in 0..<epochs {
      let order = rows.shuffled(using: &random)
      for start in stride(from: 0, through: order.count - 64, by: 64) {
        let batch = Array(order[start..<(start + 64)])
        let outputs = head(
          encoder(.concatenated([view(batch), view(batch.map { pairs.partners[$0] })])))
        var losses = try loss.perExample(first: outputs[0..<64], second: outputs[64..<128])
        if isMining { losses = losses * (try mining.weights(losses: losses, of: batch)) }
        optimizer.clearGradients()
        try losses.mean().backward()
        try optimizer.step()
      }
      mining.finishEpoch()
    }
    return mining
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gains = conditions.map { record.gain(.mining, over: .simCLR, $0) }
    let ideal = conditions.map { record.gain(.leftOut, over: .simCLR, $0) }
    let texts = conditions.indices.dropFirst().map {
      "\(gains[$0].text) where \(conditions[$0].name) (leaving them out: \(ideal[$0].text)); it finds \(record.spread(.mining, conditions[$0], measure: 2).text) % of them"
    }
    return Verdict(
      parts: gains.dropFirst().map { $0.isAbove() },
      "DBPM over SimCLR by the nearest neighbour, in points: \(texts.joined(separator: "; ")); \(gains[0].text) without bad pairs."
    )
  }
}
