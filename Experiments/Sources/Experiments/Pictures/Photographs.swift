import Contrastive
import Datasets
import Foundation
import Media
import Storage
import Torch

/// Photographs of ten classes: some for training, and others for evaluation.
struct Photographs: PictureData, Dependent {
  /// `[N, 3, 32, 32]`, in 0 … 1.
  let pictures: Tensor
  let classes: [Int]
  let testPictures: Tensor
  let testClasses: [Int]

  /// Reads the first 1,000 training images of each class of CIFAR-10, and 200 of each for
  /// evaluation.
  ///
  /// Evaluation uses the test set, tuning the training set from its 4,000th image on.
  ///
  /// - Throws: `InputError` if the archive is missing, with the file to download.
  init(_ options: ExperimentOptions) throws {
    let judging = options.part == .test ? "test/*/0[01]??.jpg" : "train/*/4[01]??.jpg"
    let sets = try ["train/*/0???.jpg", judging].map { pattern in
      try DataFolder(path: options.data).withUnpacked(
        "cifar10-jpeg/cifar10-jpeg.tar.xz", matching: [pattern],
        origin: "CIFAR-10 as JPEG files train/CLASS/0000.jpg …, packed with tar and xz"
      ) { folder in
        let set = try ImageSet(
          classFolders: "\(folder)/\(pattern.prefix { $0 != "/" })")
        // Classes are consecutive in the archive.
        var random = SplitMix64(0)
        let order = (0..<set.count).shuffled(using: &random)
        return (set.batch(order), order.map { set.classes[$0] })
      }
    }
    (pictures, classes) = sets[0]
    (testPictures, testClasses) = sets[1]
  }

  static var uses: [Any.Type] {
    usesOfPictures + [
      ColourJitter.self, HorizontalFlip.self, RandomGreyscale.self, RandomResizedCrop.self,
    ]
  }

  private static let views = ImageViews(
    crop: RandomResizedCrop(smallestArea: 0.2), flip: HorizontalFlip(), colours: ColourJitter(),
    greyscale: RandomGreyscale())

  func view(_ pictures: Tensor, using random: inout SplitMix64) -> Tensor {
    Self.views(pictures, generator: Generator(seed: random.next()))
  }
}
