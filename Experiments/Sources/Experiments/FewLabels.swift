import Contrastive
import Storage
import Torch

/// SimCLRv2's three steps against training on the few labels alone.
final class FewLabels: Experiment {
  static let name = "simclrv2-labels"
  static let claim =
    "Pretraining without labels, fine-tuning from the middle of the head on few of them and distilling on all pictures (SimCLRv2) each do better than the step before, and than learning from the few alone."
  static let paper =
    "Chen, Kornblith, Swersky, Norouzi, Hinton. Big Self-Supervised Models are Strong Semi-Supervised Learners. NeurIPS 2020. <https://arxiv.org/abs/2006.10029>"
  static let data =
    "MNIST: 5,000 pictures without labels, as many with labels as named, equally many of each class, 2,000 to test. Pretraining sees 51,200 pictures in batches of 128 (τ = 0.2, a head of three layers); fine-tuning and supervised learning see 200 batches of 64 views with labels, the student, which starts where fine-tuning did, 400 of 64 without. The distilled arm's teacher is fine-tuned from the head's middle with the same step. AdamW throughout."
  static var uses: [Any.Type] {
    [
      Digits.self, ProjectionHead.self, NTXentLoss.self, SelfDistillationLoss.self,
    ]
  }
  static let conditionName = "labels"
  static let conditions = [20, 50, 200]
  enum Arm: String, Named, CaseIterable {
    case supervised
    case fromEncoder = "fine-tuned from the encoder"
    case fromMiddle = "fine-tuned from the head's middle"
    case distilled
  }
  static let measures = ["test accuracy (%)"]
  static let choiceSeeds = 1
  static let settingName = "step, temperature"
  struct Setting: Named {
    let step: Double
    /// The temperature of distillation.
    var temperature: Double?
    var name: String { step.name + (temperature.map { " τ \($0.name)" } ?? "") }
  }
  static func settings(of arm: Arm) -> [Setting] {
    let temperatures: [Double?] = arm == .distilled ? [0.5, 1] : [nil]
    return [0.0003, 0.001, 0.003].flatMap { step in
      temperatures.map { Setting(step: step, temperature: $0) }
    }
  }

  /// A network and the number of head layers to keep.
  private struct Classifier {
    let encoder: PictureEncoder
    let head: ProjectionHead?
    let last: Linear

    func logits(_ pictures: Tensor) -> Tensor {
      let embeddings = encoder.embedded(pictures)
      return last(head.map { $0(embeddings) } ?? embeddings.relu())
    }

    /// The logits with running statistics, without gradients.
    func settledLogits(_ pictures: Tensor) -> Tensor {
      head?.isTraining = false
      defer { head?.isTraining = true }
      let embeddings = encoder.embeddedAll(pictures)
      return withoutGradients { last(head.map { $0(embeddings) } ?? embeddings.relu()) }
    }

    var parameters: [Tensor] {
      encoder.embeddingParameters + ((head?.parameters ?? []) + last.parameters).map(\.tensor)
    }
  }

  private let digits: Digits
  private let options: ExperimentOptions
  private var pretrained: [UInt64: [Tensor]] = [:]
  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Setting, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 13)
    let each = condition / 10
    let order = digits.classes.indices.shuffled(using: &random)
    let rows = (0..<10).flatMap { label in
      order.filter { digits.classes[$0] == label }.prefix(each)
    }
    let classifier = try network(
      seed: seed, isPretrained: arm != .supervised, isMiddle: arm != .fromEncoder)
    try teach(classifier, step: setting.step, batches: 200, using: &random) { random in
      let batch = (0..<64).map { _ in rows[Int.random(in: rows.indices, using: &random)] }
      return (batch, { $0.crossEntropy(ofClasses: Tensor(batch.map { self.digits.classes[$0] })) })
    }
    guard let temperature = setting.temperature else { return [accuracy(of: classifier)] }
    let answers = classifier.settledLogits(digits.pictures)
    let student = try network(seed: seed, isPretrained: true, isMiddle: true)
    let loss = SelfDistillationLoss(temperature: temperature)
    try teach(student, step: setting.step, batches: 400, using: &random) { random in
      let batch = (0..<64).map { _ in Int.random(in: self.digits.classes.indices, using: &random) }
      return (batch, { loss(student: $0, teacher: answers.gathered(rows: Tensor(batch))) })
    }
    return [accuracy(of: student)]
  }

  private func accuracy(of classifier: Classifier) -> Double {
    let found = classifier.settledLogits(digits.testPictures).argmax(along: 1)
    let hits = found.isEqual(to: Tensor(digits.testClasses)).converted(to: .float64)
    return hits.mean().scalar * 100
  }

  private func teach(
    _ classifier: Classifier, step: Double, batches: Int, using random: inout SplitMix64,
    draw: (inout SplitMix64) -> (rows: [Int], loss: (Tensor) -> Tensor)
  ) throws {
    let optimizer = AdamW(classifier.parameters, .init(learningRate: step))
    for _ in 0..<options.budget(batches) {
      let (rows, loss) = draw(&random)
      let seen = PictureViews()(digits.pictures.gathered(rows: Tensor(rows)), using: &random)
      optimizer.clearGradients()
      try loss(classifier.logits(seen)).backward()
      try optimizer.step()
    }
  }

  private func network(seed: UInt64, isPretrained: Bool, isMiddle: Bool) throws -> Classifier {
    let (encoder, head) = parts(seed)
    if isPretrained {
      let known = try weights(seed)
      withoutGradients {
        for (own, other) in zip(Self.all(encoder, head), known) { own.copyInPlace(from: other) }
      }
    }
    return Classifier(
      encoder: encoder, head: isMiddle ? head.prefix(1) : nil,
      last: Linear(from: 64, to: 10, generator: Generator(seed: seed &+ 3000)))
  }

  private func parts(_ seed: UInt64) -> (PictureEncoder, ProjectionHead) {
    (
      PictureEncoder(seed: seed),
      ProjectionHead(
        .simCLR(inputs: 64, outputs: 32, layers: 3), generator: Generator(seed: seed &+ 2000))
    )
  }

  private static func all(_ encoder: PictureEncoder, _ head: ProjectionHead) -> [Tensor] {
    encoder.embeddingParameters + head.state.map(\.tensor)
  }

  /// The pretrained weights, computed once per seed.
  private func weights(_ seed: UInt64) throws -> [Tensor] {
    if let known = pretrained[seed] { return known }
    let (encoder, head) = parts(seed)
    let optimizer = AdamW(
      encoder.embeddingParameters + head.parameters.map(\.tensor), .init(learningRate: 1e-3))
    var random = SplitMix64(seed, 14)
    for _ in 0..<options.budget(400) {
      let rows = Array(digits.classes.indices.shuffled(using: &random).prefix(128))
      let pictures = digits.pictures.gathered(rows: Tensor(rows))
      let seen = (0..<2).map { _ in PictureViews()(pictures, using: &random) }
      let outputs = head(encoder.embedded(.concatenated(seen)))
      let value = try NTXentLoss(temperature: 0.2)(
        first: outputs[0..<128], second: outputs[128..<256])
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    let found = Self.all(encoder, head).map { $0.detached().copied() }
    pretrained[seed] = found
    return found
  }

  static func verdict(_ record: Results<FewLabels>) -> Verdict {
    let pairs: [(Arm, Arm)] = [
      (.fromMiddle, .supervised), (.fromMiddle, .fromEncoder), (.distilled, .fromMiddle),
    ]
    let gains = pairs.map { own, other in
      conditions.map { record.gain(own, over: other, $0) }
    }
    let texts = zip(pairs, gains).map { pair, gains in
      "\(pair.0.name) over \(pair.1.name): \(gains.map(\.text).joined(separator: ", "))"
    }
    return Verdict(
      parts: gains.joined().map { $0.isAbove() },
      "In points, with \(conditions.map(\.name).joined(separator: ", ")) labels: \(texts.joined(separator: "; "))."
    )
  }
}
