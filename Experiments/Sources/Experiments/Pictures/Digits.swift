import Datasets
import Media
import Storage
import Torch

/// Handwritten digits: some for training, and others for evaluation.
struct Digits: PictureData, Dependent {
  /// `[N, 1, 28, 28]`, in 0 … 1.
  let pictures: Tensor
  let classes: [Int]
  let testPictures: Tensor
  let testClasses: [Int]

  /// Reads the first images of MNIST's two sets; tuning uses the training set from its 50,000th
  /// image on.
  ///
  /// - Throws: `InputError` if the files are missing, with the files to download.
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

  static var uses: [Any.Type] { usesOfPictures + [PictureViews.self] }
}
