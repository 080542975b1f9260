import Datasets
import Evaluation
import Media
import Storage
import Torch

/// Handwritten characters of many alphabets: some for training, and unseen alphabets for
/// evaluation.
struct Characters: Dependent {
  /// `[N, 1, 28, 28]`, strokes 1 on 0.
  let pictures: Tensor
  let classes: [Int]
  let testPictures: Tensor
  let testClasses: [Int]

  /// Reads Omniglot's two small background sets, scaled down: the first for training, the second
  /// for evaluation.
  ///
  /// - Throws: `InputError` if an archive is missing, with the file to download.
  init(_ options: ExperimentOptions) throws {
    let folder = DataFolder(path: options.data)
    func set(_ number: Int) throws -> (pictures: Tensor, classes: [Int], names: [String]) {
      let file = try folder.file(
        "omniglot-small/images_background_small\(number).zip",
        origin: "Omniglot's images_background_small1.zip and …small2.zip")
      let set = try ImageSet(zipArchives: [file])
      let ink = 1 - set.batch(Array(0..<set.count))
      return (Ops.scaled(.tensor(ink), .ints([28, 28])), set.classes, set.classNames)
    }
    let train = try set(1)
    func taught(_ label: Int) -> Bool {
      options.part == .test || !Self.heldOut.contains { train.names[label].hasPrefix($0) }
    }
    let rows = train.classes.indices.filter { taught(train.classes[$0]) }
    pictures = train.pictures.gathered(rows: Tensor(rows))
    // Classes are numbered without gaps.
    let numbers = Set(rows.map { train.classes[$0] }).sorted().enumerated()
      .reduce(into: [Int: Int]()) { $0[$1.element] = $1.offset }
    classes = rows.compactMap { numbers[train.classes[$0]] }
    let test = options.part == .test ? try set(2) : train
    // Alphabets in both sets are used for training only.
    let known = Set(rows.map { train.names[train.classes[$0]] })
    let kept = test.classes.indices.filter { !known.contains(test.names[test.classes[$0]]) }
    testPictures = test.pictures.gathered(rows: Tensor(kept))
    testClasses = kept.map { test.classes[$0] }
  }

  /// The alphabets used for tuning, and not for training meanwhile.
  private static let heldOut = ["Early_Aramaic", "Korean"]

  static var uses: [Any.Type] {
    [PictureEncoder.self, PictureViews.self, EmbeddingRetrieval.self, FewShotEpisodes.self]
  }

  /// The number of training classes.
  var classCount: Int { (classes.max() ?? -1) + 1 }

  /// Random class weights, of unit length on average.
  func classWeights(seed: UInt64) -> Tensor {
    (Tensor.normal([classCount, 64], generator: Generator(seed: seed &+ 1000)) * 0.125)
      .requiringGradient()
  }

  /// Trains a network on classes.
  ///
  /// - Parameters:
  ///   - ways: the number of classes per batch, with `shots` consecutive images of each.
  ///   - weights: additional trained parameters.
  ///   - loss: a loss of the embeddings `[ways · shots, 64]` and their classes.
  func encoder(
    seed: UInt64, steps: Int, ways: Int, shots: Int, weights: [Tensor] = [],
    loss: (Tensor, [Int]) throws -> Tensor
  ) throws -> PictureEncoder {
    let encoder = PictureEncoder(seed: seed)
    let optimizer = AdamW(encoder.embeddingParameters, .init(learningRate: 1e-3))
    // Class weights appear in only one of many batches; ten times the learning rate is common.
    let classOptimizer = AdamW(weights, .init(learningRate: 1e-2))
    let members = (0..<classCount).map { label in classes.indices.filter { classes[$0] == label } }
    var random = SplitMix64(seed, 2)
    for _ in 0..<steps {
      let rows = (0..<classCount).shuffled(using: &random).prefix(ways).flatMap {
        members[$0].shuffled(using: &random).prefix(shots)
      }
      let seen = PictureViews(turn: 0.2, scale: 0.85...1.15, contrast: 0.9...1.1)(
        pictures.gathered(rows: Tensor(rows)), using: &random)
      let value = try loss(encoder.embedded(seen), rows.map { classes[$0] })
      optimizer.clearGradients()
      classOptimizer.clearGradients()
      try value.backward()
      try optimizer.step()
      if !weights.isEmpty { try classOptimizer.step() }
    }
    return encoder
  }

  /// R@1 and MAP@R among unseen characters, in percent.
  func retrieval(_ encoder: PictureEncoder) throws -> [Double] {
    let result = try EmbeddingRetrieval()(
      encoder.embeddedAll(testPictures), classes: testClasses)
    return [result.recall[0] * 100, result.meanAveragePrecisionAtR * 100]
  }

  private enum Ops {
    static let scaled = Op("aten::adaptive_avg_pool2d")
  }
}
