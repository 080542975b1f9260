import Evaluation
import Learning
import Torch

/// Extrapolated positives and interpolated negatives on top of a queue of keys.
final class TransformedFeatures: Experiment {
  static let name = "feature-transformation"
  static let claim =
    "Positives pushed apart and negatives mixed, as features, lower the scores of positives in training and give better embeddings."
  static let paper =
    "Zhu, Zhao, Liu, Kang, Lin, Xu, Lu, Sun. Improving Contrastive Learning by Visualizing Feature Transformation. ICCV 2021. <https://arxiv.org/abs/2108.02982>"
  static let data =
    "MNIST: 5,000 pictures to learn from without classes (25,600 seen, batches of 64, a queue of 1,024 keys of an encoder that follows with momentum 0.98, τ = 0.1, AdamW), 2,000 to test. Embeddings of 64 dimensions are judged by the vote of 20 of the 5,000 and by a linear probe fitted to 1,000. Scores are the cosines of the last 20 batches of the first seed, as the loss sees them."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Learning/Negatives/FeatureTransformation.swift",
      "Sources/Learning/Negatives/MomentumQueue.swift",
    ]
  static let conditionName = "queue"
  static let conditions = ["1024"]
  static let arms = ["MoCo", "positives pushed apart", "negatives mixed", "both"]
  static let measures = ["kNN accuracy (%)", "linear accuracy (%)"]

  private(set) var heaps: [String: SimilarityHistogram] = [:]
  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    let (encoder, follower) = (PictureEncoder(seed: seed), PictureEncoder(seed: seed))
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: 1e-3))
    let queue = MomentumQueue(capacity: Int(condition) ?? 0, width: 32)
    let transformation = FeatureTransformation()
    let steps = options.budget(25_600) / 64 + 1
    var heap = SimilarityHistogram()
    var random = SplitMix64(seed, 6)
    for step in 0..<steps {
      let rows = Array(digits.classes.indices.shuffled(using: &random).prefix(64))
      let pictures = digits.pictures.gathered(rows: Tensor(rows))
      let (seen, other) = (
        PictureViews()(pictures, using: &random), PictureViews()(pictures, using: &random)
      )
      let queries = encoder.projected(encoder.embedded(seen)).normalized()
      let keys = withoutGradients { follower.projected(follower.embedded(other)).normalized() }
      let draw = transformation.draw(
        queries: 64, negatives: queue.count, width: 32, using: &random)
      let changed = try transformation(
        queries: queries, keys: keys, negatives: queue.keys, draw: draw)
      let pushes = arm == Self.arms[1] || arm == Self.arms[3]
      let mixes = arm == Self.arms[2] || arm == Self.arms[3]
      let anchors = pushes ? changed.queries : queries
      let positives = (anchors * (pushes ? changed.keys : keys)).sum(along: 1)
      let negatives = anchors.matmul((mixes ? changed.negatives : queue.keys).transposed())
      let scores = Tensor.concatenated([positives.expandingDimension(at: 1), negatives], along: 1)
      let value = (scores / 0.1).crossEntropy(ofClasses: Tensor.zeros([64], dtype: .int64))
      if seed == 0, step >= steps - 20 {
        for cosine in positives.doubles() { heap.add(cosine, isPositive: true) }
        for cosine in negatives.doubles() { heap.add(cosine, isPositive: false) }
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
      try MomentumQueue.follow(momentum: 0.98, keyEncoder: follower, queryEncoder: encoder)
      try queue.append(keys)
    }
    if seed == 0 { heaps[arm] = heap }
    return try digits.accuracies(of: encoder)
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let gains = arms.dropFirst().map { record.gain($0, over: arms[0], conditions[0]) }
    let texts = zip(arms.dropFirst(), gains).map { "\($0) \($1.text)" }
    let scores = arms.map { record.heaps?[$0]?.positiveMean ?? 0 }
    return Verdict(
      parts: [scores[1] < scores[0]] + gains.map { $0.mean > $0.deviation },
      "By neighbours over MoCo, in points: \(texts.joined(separator: ", ")). The mean score of positives is \(ExperimentRecord.text(scores[0])) with MoCo and \(ExperimentRecord.text(scores[1])) pushed apart."
    )
  }
}
