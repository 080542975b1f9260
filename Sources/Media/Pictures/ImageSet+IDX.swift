import Storage
import Torch

extension ImageSet {
  /// Reads pictures and classes in the format of MNIST and Fashion-MNIST.
  ///
  /// Names that end in `.gz`, `.xz`, `.zst`, `.lz4` or `.bz2` are unpacked by the system's tools
  /// (`gzip`, `xz` and so on), each in a separate process.
  ///
  /// - Parameters:
  ///   - images: the file of pictures, bytes `[N, H, W]`.
  ///   - labels: the file of classes, bytes `[N]`.
  ///   - classNames: the names of the classes; nil means "0", "1" and so on.
  /// - Throws: `FileError` when a file cannot be read; `InputError` when it is not an IDX file,
  ///   when the numbers of pictures and classes differ, or when a class has no name.
  public init(idxImages images: String, labels: String, classNames: [String]? = nil) throws {
    let pictures = try IDXFile(path: images, axes: 3)
    let numbers = try IDXFile(path: labels, axes: 1)
    guard pictures.shape[0] == numbers.shape[0] else {
      throw InputError(
        file: labels, reason: "\(numbers.shape[0]) classes",
        expected: "\(pictures.shape[0]), one per picture of \(images)")
    }
    let classes = numbers.elements.array(of: UInt8.self).map(Int.init)
    let names = classNames ?? (0..<((classes.max() ?? -1) + 1)).map(String.init)
    if let row = classes.firstIndex(where: { $0 >= names.count }) {
      throw InputError(
        file: labels, reason: "byte \(8 + row): the class \(classes[row])",
        expected: "one of \(names.count) classes")
    }
    self.init(
      pixels: pictures.elements.expandingDimension(at: 1), classes: classes, classNames: names)
  }

  /// The classes of Fashion-MNIST.
  ///
  /// - Source: Xiao, Rasul, Vollgraf. Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
  ///   Learning Algorithms. 2017, table 2. <https://arxiv.org/abs/1708.07747>
  public static let fashionClassNames = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
  ]
}
