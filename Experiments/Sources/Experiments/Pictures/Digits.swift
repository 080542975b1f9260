import Datasets
import Evaluation
import Torch

/// Handwritten digits: pictures to learn from, and others to judge by.
struct Digits {
  /// `[N, 1, 28, 28]`, in 0 … 1.
  let pictures: Tensor
  let classes: [Int]
  let testPictures: Tensor
  let testClasses: [Int]

  /// The first pictures of MNIST's two sets.
  ///
  /// - Throws: `InputError` when the files are missing, with what to put there.
  init(_ options: ExperimentOptions, count: Int = 5_000, testCount: Int = 2_000) throws {
    let folder = DataFolder(path: options.data)
    func set(_ name: String, first count: Int) throws -> (Tensor, [Int]) {
      let origin = "MNIST's four files, packed with xz"
      let set = try ImageSet(
        idxImages: folder.file("mnist/\(name)-images-idx3-ubyte.xz", origin: origin),
        labels: folder.file("mnist/\(name)-labels-idx1-ubyte.xz", origin: origin))
      return (set.batch(Array(0..<count)), Array(set.classes.prefix(count)))
    }
    (pictures, classes) = try set("train", first: count)
    (testPictures, testClasses) = try set("t10k", first: testCount)
  }

  static let sources = [
    "Experiments/Sources/Experiments/Pictures/Digits.swift",
    "Experiments/Sources/Experiments/Pictures/PictureEncoder.swift",
    "Experiments/Sources/Experiments/Pictures/PictureViews.swift",
    "Sources/Evaluation/LinearProbe.swift", "Sources/Evaluation/NearestNeighbourProbe.swift",
    "Sources/Torch/Layers/BatchNorm.swift", "Sources/Torch/Layers/Convolution2d.swift",
  ]

  /// A network trained without classes.
  ///
  /// - Parameters:
  ///   - samples: how many pictures are seen, repetitions counted.
  ///   - masks: what each view keeps of a picture; all by default.
  ///   - loss: of the projections of the views, each `[batch, P]`.
  func encoder(
    seed: UInt64, samples: Int, batch: Int, views: Int = 2, masks: [Tensor]? = nil,
    loss: ([Tensor]) throws -> Tensor
  ) throws -> PictureEncoder {
    let encoder = PictureEncoder(seed: seed)
    let optimizer = AdamW(encoder.parameters.map(\.tensor), .init(learningRate: 1e-3))
    var random = SplitMix64(seed, 1)
    var order: [Int] = []
    for _ in 0..<max(1, samples / batch) {
      if order.count < batch { order = classes.indices.shuffled(using: &random) }
      let rows = pictures.gathered(rows: Tensor(Array(order.suffix(batch))))
      order.removeLast(batch)
      let seen = (0..<views).map { view in
        PictureViews()(masks.map { rows * $0[view] } ?? rows, using: &random)
      }
      let outputs = encoder.projected(encoder.embedded(.concatenated(seen)))
      let value = try loss((0..<views).map { outputs[($0 * batch)..<(($0 + 1) * batch)] })
      optimizer.clearGradients()
      try value.backward()
      try optimizer.step()
    }
    return encoder
  }

  /// The accuracy of nearest neighbours and of a linear probe on the embeddings, in percent.
  func accuracies(of encoder: PictureEncoder) throws -> [Double] {
    let train = encoder.embeddedAll(pictures)
    let test = encoder.embeddedAll(testPictures)
    let near = try NearestNeighbourProbe().fitted(to: train, classes: classes)
    // Few are enough for a line; unit length, so that the penalty means the same to all arms.
    let few = 0..<min(1_000, classes.count)
    let line = try LinearProbe(penalty: 0.01, iterations: 200, tolerance: 1e-4)
      .fitted(to: train[few].normalized(), classes: Array(classes[few]))
    return [
      try near.accuracy(on: test, classes: testClasses) * 100,
      try line.accuracy(on: test.normalized(), classes: testClasses) * 100,
    ]
  }
}
