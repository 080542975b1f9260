public import Torch

/// Pictures of the same size, each with a class.
public struct ImageSet: Sendable {
  /// The pictures, uint8 `[N, C, H, W]`; the channels are grey, or red, green and blue.
  public var pixels: Tensor
  /// The class of each picture, in `0 ..< classNames.count`.
  public var classes: [Int]
  /// The names of the classes.
  public var classNames: [String]

  /// Creates a set.
  ///
  /// - Precondition: `pixels` is uint8 `[N, C, H, W]`; there are N classes, each with a name.
  public init(pixels: Tensor, classes: [Int], classNames: [String]) {
    precondition(
      pixels.dtype == .uint8 && pixels.dimensionCount == 4 && pixels.shape[0] == classes.count,
      "\(pixels.shape) of \(pixels.dtype) with \(classes.count) classes")
    precondition(
      classes.allSatisfy(classNames.indices.contains), "a class without a name")
    self.pixels = pixels
    self.classes = classes
    self.classNames = classNames
  }

  /// The number of pictures, N.
  public var count: Int { classes.count }

  /// The pictures `rows` as input of a model: float32 `[rows, C, H, W]` in 0 … 1.
  public func batch(_ rows: [Int]) -> Tensor {
    pixels.gathered(rows: Tensor(rows)).converted(to: .float32) * (1 / 255)
  }

  /// The pictures `rows`, in that order, as a new set with the same class names.
  public func selecting(rows: [Int]) -> ImageSet {
    ImageSet(
      pixels: pixels.gathered(rows: Tensor(rows)), classes: rows.map { classes[$0] },
      classNames: classNames)
  }
}
