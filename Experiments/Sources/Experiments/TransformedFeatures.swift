import Contrastive
import Evaluation
import Storage
import Torch

/// Extrapolated positives and interpolated negatives on top of a queue of keys.
final class TransformedFeatures: Experiment {
  static let name = "feature-transformation"
  static let claim =
    "Positives pushed apart and negatives mixed, as features, lower the scores of positives in training and give better embeddings."
  static let paper =
    "Zhu, Zhao, Liu, Kang, Lin, Xu, Lu, Sun. Improving Contrastive Learning by Visualizing Feature Transformation. ICCV 2021. <https://arxiv.org/abs/2108.02982>"
  static let data =
    "Omniglot, 28 × 28: 2,720 pictures of the first small background set to learn from without classes (800 batches of 64, a queue of 1,024 keys of an encoder that follows with momentum 0.99, AdamW; heads end in batch normalisation, without which positives that are pushed apart all but coincide), the second set's characters to judge by: to retrieve among each other, and by a linear probe fitted to every other picture. Scores of positives are those of the last 100 batches, as the loss sees them and, as cosines, before they are pushed apart; the plot's are those of the first seed's last 20. On the same features the authors' code gives the same gradient."
  static var uses: [Any.Type] {
    [
      UnlabelledCharacters.self, ProjectionHead.self, FeatureTransformation.self,
      MomentumQueue.self,
    ]
  }
  static let conditionName = "queue"
  static let conditions = [1024]
  enum Arm: String, Named, CaseIterable {
    case moCo = "MoCo"
    case pushed = "positives pushed apart"
    case mixed = "negatives mixed"
    case both
  }
  static let measures = [
    "R@1 (%)", "linear accuracy (%)", "score of positives", "cosine of positives",
  ]
  static let settingName = "temperature"
  static func settings(of arm: Arm) -> [Double] { [0.07, 0.15, 0.3] }

  private(set) var heaps: [Arm: SimilarityHistogram] = [:]
  private let characters: UnlabelledCharacters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try UnlabelledCharacters(options)
    self.options = options
  }

  func run(arm: Arm, condition: Int, setting: Double, seed: UInt64) throws -> [Double] {
    let (encoder, follower) = (PictureEncoder(seed: seed), PictureEncoder(seed: seed))
    let heads = (0..<2).map { _ in
      ProjectionHead(.simCLR(inputs: 64, outputs: 32), generator: Generator(seed: seed &+ 1000))
    }
    let learned = encoder.embeddingParameters + heads[0].parameters.map(\.tensor)
    let optimizer = AdamW(learned, .init(learningRate: 1e-3))
    let queue = MomentumQueue(capacity: condition, width: 32)
    let transformation = FeatureTransformation()
    let isPushed = arm == .pushed || arm == .both
    let isMixed = arm == .mixed || arm == .both
    let steps = options.budget(800)
    var heap = SimilarityHistogram()
    var (scored, cosines) = ([Double](), [Double]())
    var random = SplitMix64(seed, 6)
    for step in 0..<steps {
      let rows = Array(characters.classes.indices.shuffled(using: &random).prefix(64))
      let pictures = characters.pictures.gathered(rows: Tensor(rows))
      let (seen, other) = (
        characters.view(pictures, using: &random), characters.view(pictures, using: &random)
      )
      let queries = heads[0](encoder.embedded(seen).relu()).normalized()
      let keys = withoutGradients { heads[1](follower.embedded(other).relu()).normalized() }
      let draw = transformation.draw(
        queries: 64, negatives: queue.count, width: 32, using: &random)
      let changed = try transformation(
        queries: queries, keys: keys, negatives: queue.keys, draw: draw)
      // As in the authors' code, an extrapolated query is also compared with the negatives.
      let anchors = isPushed ? changed.queries : queries
      let positives = (anchors * (isPushed ? changed.keys : keys)).sum(along: 1)
      let known = isMixed ? changed.negatives : queue.keys
      let negatives = anchors.matmul(known.transposed())
      let scores = Tensor.concatenated([positives.expandingDimension(at: 1), negatives], along: 1)
      let value = (scores / setting)
        .crossEntropy(ofClasses: Tensor.zeros([64], dtype: .int64))
      if step >= steps - 100 {
        scored.append(positives.mean().scalar)
        cosines.append((queries * keys).sum(along: 1).mean().scalar)
      }
      if seed == 0, step >= steps - 20 {
        for score in positives.doubles() { heap.add(score, isPositive: true) }
        for score in negatives.doubles() { heap.add(score, isPositive: false) }
      }
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
      try MomentumQueue.follow(momentum: 0.99, keyEncoder: follower, queryEncoder: encoder)
      try MomentumQueue.follow(momentum: 0.99, keyEncoder: heads[1], queryEncoder: heads[0])
      try queue.append(keys)
    }
    if seed == 0 { heaps[arm] = heap }
    return try characters.judged(encoder)
      + [scored, cosines].map { $0.reduce(0, +) / Double($0.count) }
  }

  static func verdict(_ record: Results<TransformedFeatures>) -> Verdict {
    let gains = arms.dropFirst().map { record.gain($0, over: .moCo, conditions[0]) }
    let texts = zip(arms.dropFirst(), gains).map { "\($0.name) \($1.text)" }
    let fall = record.gain(.pushed, over: .moCo, conditions[0], measure: 2)
    return Verdict(
      parts: [record.gain(.moCo, over: .pushed, conditions[0], measure: 2).isAbove()]
        + gains.map { $0.isAbove() },
      "R@1 over MoCo, in points: \(texts.joined(separator: ", ")). The mean score of positives changes by \(fall.text) where they are pushed apart."
    )
  }
}
