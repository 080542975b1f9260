import Datasets
import Foundation
import Images
import Learning
import Torch

/// Photographs of ten kinds of things: some to learn from, and others to judge by.
struct Photographs: PictureData {
  /// `[N, 3, 32, 32]`, in 0 … 1.
  let pictures: Tensor
  let classes: [Int]
  let testPictures: Tensor
  let testClasses: [Int]

  /// The first 1,000 training pictures of each class of CIFAR-10, and 200 of each to judge by: of the
  /// test set, or the training set's 4,000th on to choose by.
  ///
  /// - Throws: `InputError` when the archive is missing, with what to put there.
  init(_ options: ExperimentOptions) throws {
    let judging = options.part == .test ? "test/*/0[01]??.jpg" : "train/*/4[01]??.jpg"
    let sets = try ["train/*/0???.jpg", judging].map { pattern in
      try DataFolder(path: options.data).withUnpacked(
        "cifar10-jpeg/cifar10-jpeg.tar.xz", matching: [pattern],
        origin: "CIFAR-10 as JPEG files train/CLASS/0000.jpg …, packed with tar and xz"
      ) { folder in
        let set = try ImageSet(
          classFolders: "\(folder)/\(pattern.prefix { $0 != "/" })")
        // Classes lie one after the other in the archive.
        var random = SplitMix64(0)
        let order = (0..<set.count).shuffled(using: &random)
        return (set.batch(order), order.map { set.classes[$0] })
      }
    }
    (pictures, classes) = sets[0]
    (testPictures, testClasses) = sets[1]
  }

  static let sources =
    pictureSources + [
      "Experiments/Sources/Experiments/Pictures/Photographs.swift",
      "Sources/Learning/Views/ColourJitter.swift", "Sources/Learning/Views/HorizontalFlip.swift",
      "Sources/Learning/Views/RandomGreyscale.swift",
      "Sources/Learning/Views/RandomResizedCrop.swift",
    ]

  private static let views = ImageViews(
    crop: RandomResizedCrop(smallestArea: 0.2), flip: HorizontalFlip(), colours: ColourJitter(),
    greyscale: RandomGreyscale())

  func view(_ pictures: Tensor, using random: inout SplitMix64) -> Tensor {
    Self.views(pictures, generator: Generator(seed: random.next()))
  }
}
