import Evaluation
import Learning
import Torch

/// SBCL against SupCon where most examples are of few classes.
struct SubclassBalancing: Experiment {
  static let name = "sbcl-long-tail"
  static let claim =
    "Contrast between subclasses of the size of the rare classes (SBCL) embeds rare classes better than supervised contrast."
  static let paper =
    "Hou, Zhang, Wang, Zhou. Subclass-balancing Contrastive Learning for Long-tailed Recognition. ICCV 2023. <https://arxiv.org/abs/2306.15925>"
  static let data =
    "MNIST with classes of 1,000 down to as many fewer as named (exponentially), 200 batches of 128 in two views, τ = 0.1, AdamW; clusters anew every 50 batches after the first 50. Embeddings of 64 dimensions are judged on 2,000 test pictures by a linear probe fitted to 30 pictures of each class that were not trained on."
  static let file = #fileID
  static let sources =
    Digits.sources + [
      "Sources/Learning/Negatives/SubclassClusters.swift", "Sources/Learning/Pairs/SBCLLoss.swift",
      "Sources/Learning/Pairs/SupConLoss.swift",
    ]
  static let conditionName = "imbalance"
  static let conditions = ["10", "100"]
  static let arms = ["SupCon", "SBCL"]
  static let measures = ["accuracy (%)", "accuracy of the 3 rarest classes (%)"]

  private let digits: Digits
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    digits = try Digits(options, count: 12_000)
    self.options = options
  }

  func run(arm: String, condition: String, setting: String, seed: UInt64) throws -> [Double] {
    var random = SplitMix64(seed, 3)
    let imbalance = Double(condition) ?? 1
    // Which classes are rare is drawn, too.
    let ranks = (0..<10).shuffled(using: &random)
    var (rows, held): ([Int], [Int]) = ([], [])
    for label in 0..<10 {
      let members = digits.classes.indices.filter { digits.classes[$0] == label }
        .shuffled(using: &random)
      let share = Double(ranks[label]) / 9
      rows += members.prefix(Int(1000 * Self.power(imbalance, -share)))
      held += members.suffix(30)
    }
    let encoder = try train(arm, rows: rows, seed: seed, using: &random)
    let probe = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4).fitted(
      to: embeddings(of: held, encoder), classes: held.map { digits.classes[$0] })
    let found = try probe.classes(of: encoder.embeddedAll(digits.testPictures).normalized())
    let hits = zip(found, digits.testClasses).map { ($1, $0 == $1) }
    func accuracy(_ hits: [(Int, Bool)]) -> Double {
      Double(hits.count { $0.1 }) / Double(max(1, hits.count)) * 100
    }
    return [accuracy(hits), accuracy(hits.filter { ranks[$0.0] >= 7 })]
  }

  private func train(
    _ arm: String, rows: [Int], seed: UInt64, using random: inout SplitMix64
  ) throws -> PictureEncoder {
    let encoder = PictureEncoder(seed: seed)
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: 1e-3))
    let classes = rows.map { digits.classes[$0] }
    let clusters = SubclassClusters()
    var subclasses = [Int](repeating: 0, count: rows.count)
    for step in 0..<options.budget(200) {
      if arm == Self.arms[1], step > 0, step % 50 == 0 {
        subclasses = try clusters(
          embeddings: embeddings(of: rows, encoder), classes: classes, using: &random)
      }
      let batch = (0..<128).map { _ in Int.random(in: rows.indices, using: &random) }
      let pictures = digits.pictures.gathered(rows: Tensor(batch.map { rows[$0] }))
      let views = (0..<2).map { _ in PictureViews()(pictures, using: &random) }
      let outputs = encoder.projected(encoder.embedded(.concatenated(views)))
      let (first, second) = (outputs[0..<128], outputs[128..<256])
      let own = batch.map { classes[$0] }
      let isClustered = arm == Self.arms[1] && step >= 50
      let value =
        isClustered
        ? try SBCLLoss()(
          first: first, second: second, classes: own, subclasses: batch.map { subclasses[$0] })
        : try SupConLoss()(views: [first, second], classes: own)
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return encoder
  }

  private func embeddings(of rows: [Int], _ encoder: PictureEncoder) -> Tensor {
    encoder.embeddedAll(digits.pictures.gathered(rows: Tensor(rows))).normalized()
  }

  private static func power(_ base: Double, _ exponent: Double) -> Double {
    Tensor(base, dtype: .float64).power(exponent).scalar
  }

  static func verdict(_ record: ExperimentRecord) -> Verdict {
    let all = conditions.map { record.gain(arms[1], over: arms[0], $0) }
    let rare = conditions.map { record.gain(arms[1], over: arms[0], $0, measure: 1) }
    let texts = conditions.indices.map {
      "\(all[$0].text) on all classes and \(rare[$0].text) on the rarest at imbalance \(conditions[$0])"
    }
    return Verdict(
      parts: rare.map { $0.mean > $0.deviation },
      "SBCL over SupCon, in points: \(texts.joined(separator: "; ")).")
  }
}
