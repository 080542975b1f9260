import Contrastive
import Torch

/// UNPG against the margin loss it builds on.
struct UnifiedNegatives: Experiment {
  static let name = "unpg"
  static let claim =
    "Pairs within the batch beside pairs with class weights as negatives, without outliers (UNPG), make ArcFace's embeddings better."
  static let paper =
    "Jung, Lee, Oh, Park, Park, Son. Unified Negative Pair Generation toward Well-discriminative Feature Space for Face Recognition. BMVC 2022. <https://arxiv.org/abs/2203.11593>"
  static let data =
    "Omniglot, 28 × 28: 136 characters of the first small background set to learn from, each quarter turn of one a class of its own (544), the second set's characters to retrieve among each other (20 pictures each). 1,800 batches of 16 classes with 2 pictures, so that a batch has about as many wrong pairs (480) as there are class weights; AdamW, embeddings of 64 dimensions. All arms choose from one grid. Measured as faces are: one threshold for all pairs of new characters that a thousandth of the wrong pairs pass. On equal embeddings the authors' code has the same values and gradients."
  static var uses: [Any.Type] { [Characters.self, ArcFaceLoss.self, UNPGLoss.self] }
  static let conditionName = "batch"
  static let conditions = [BatchShape(16, 2)]
  enum Arm: String, Named, CaseIterable {
    case arcFace = "ArcFace"
    case allPairs = "UNPG, all pairs"
    case unpg = "UNPG"
  }
  static let measures = [
    "right pairs accepted at 0.1 % wrong ones (%)", "R@1 (%)", "MAP@R (%)",
  ]
  static let settingName = "scale and margin"

  struct Setting: Named {
    let scale: Double
    let margin: Double
    var name: String { "scale \(scale.name) margin \(margin.name)" }
  }

  static func settings(of arm: Arm) -> [Setting] {
    [4, 8, 16, 32].flatMap { scale in
      [0, 0.1, 0.3].map { Setting(scale: scale, margin: $0) }
    }
  }

  private let characters: Characters
  private let options: ExperimentOptions

  init(_ options: ExperimentOptions) throws {
    characters = try Characters(options).withTurnsAsClasses()
    self.options = options
  }

  func run(arm: Arm, condition: BatchShape, setting: Setting, seed: UInt64) throws -> [Double] {
    let weights = characters.classWeights(seed: seed)
    let (scale, margin) = (setting.scale, setting.margin)
    let encoder = try characters.encoder(
      seed: seed, steps: options.budget(1_800), ways: condition.ways,
      shots: condition.shots, weights: [weights]
    ) { embeddings, classes in
      if arm == .arcFace {
        return try ArcFaceLoss(margin: margin, scale: scale)(
          embeddings: embeddings, weights: weights, classes: classes)
      }
      // Whiskers this long filter nothing.
      let whisker = arm == .allPairs ? 1e6 : 1.5
      return try UNPGLoss(margin: .angle(margin), scale: scale, whisker: whisker)(
        embeddings: embeddings, weights: weights, classes: classes)
    }
    return [accepted(encoder.embeddedAll(characters.testPictures))]
      + (try characters.retrieval(encoder))
  }

  /// The share of same-class pairs above the score that a thousandth of different-class pairs
  /// exceed, in percent.
  private func accepted(_ embeddings: Tensor) -> Double {
    withoutGradients {
      let unit = embeddings.normalized()
      let classes = Tensor(characters.testClasses)
      let same = classes.expandingDimension(at: 1).isEqual(to: classes.expandingDimension(at: 0))
      let places = Tensor.range(0..<characters.testClasses.count, device: .cpu)
      let once = places.expandingDimension(at: 1).isLess(than: places.expandingDimension(at: 0))
      let cosines = unit.matmul(unit.transposed())
      let wrong = cosines.elements(where: once.logicalAnd(same.logicalNot()))
      let right = cosines.elements(where: once.logicalAnd(same))
      let limit = wrong.largest(max(1, wrong.elementCount / 1000), along: 0).values.minimum()
      return right.isGreater(than: limit).converted(to: .float32).mean().scalar * 100
    }
  }

  static func verdict(_ record: Results<Self>) -> Verdict {
    let gain = record.gain(.unpg, over: .arcFace, conditions[0])
    let filtered = record.gain(.unpg, over: .allPairs, conditions[0])
    let near = record.gain(.unpg, over: .arcFace, conditions[0], measure: 1)
    return Verdict(
      parts: [gain.isAbove(), near.isAbove()],
      "UNPG in points: \(gain.text) of accepted pairs and \(near.text) of R@1 over ArcFace, \(filtered.text) of accepted pairs over UNPG without its filter."
    )
  }
}

extension Characters {
  /// The same evaluation characters, with each quarter turn of a training character as a separate
  /// class.
  fileprivate func withTurnsAsClasses() -> Characters {
    Characters(
      pictures: .concatenated(
        (0..<4).map { Op("aten::rot90")(.tensor(pictures), .int($0), .ints([2, 3])) }),
      classes: (0..<4).flatMap { turn in classes.map { $0 + turn * classCount } },
      testPictures: testPictures, testClasses: testClasses)
  }

  private init(
    pictures: Tensor, classes: [Int], testPictures: Tensor, testClasses: [Int]
  ) {
    self.pictures = pictures
    self.classes = classes
    self.testPictures = testPictures
    self.testClasses = testClasses
  }
}
