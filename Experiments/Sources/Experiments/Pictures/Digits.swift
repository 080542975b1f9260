import Datasets
import Torch

/// Handwritten digits: pictures to learn from, and others to judge by.
struct Digits: PictureData {
  /// `[N, 1, 28, 28]`, in 0 … 1.
  let pictures: Tensor
  let classes: [Int]
  let testPictures: Tensor
  let testClasses: [Int]

  /// The first pictures of MNIST's two sets; those to choose by are the training set's 50,000th on.
  ///
  /// - Throws: `InputError` when the files are missing, with what to put there.
  init(_ options: ExperimentOptions, count: Int = 5_000, testCount: Int = 2_000) throws {
    let folder = DataFolder(path: options.data)
    func set(_ name: String, _ rows: Range<Int>) throws -> (Tensor, [Int]) {
      let origin = "MNIST's four files, packed with xz"
      let set = try ImageSet(
        idxImages: folder.file("mnist/\(name)-images-idx3-ubyte.xz", origin: origin),
        labels: folder.file("mnist/\(name)-labels-idx1-ubyte.xz", origin: origin))
      return (set.batch(Array(rows)), Array(set.classes[rows]))
    }
    (pictures, classes) = try set("train", 0..<count)
    let last = 50_000 + testCount
    (testPictures, testClasses) =
      options.part == .test ? try set("t10k", 0..<testCount) : try set("train", 50_000..<last)
  }

  func view(_ pictures: Tensor, using random: inout SplitMix64) -> Tensor {
    PictureViews()(pictures, using: &random)
  }

  static let sources =
    pictureSources + [
      "Experiments/Sources/Experiments/Pictures/Digits.swift",
      "Experiments/Sources/Experiments/Pictures/PictureViews.swift",
    ]
}
