import Datasets
import Storage
import Torch

/// An array of bytes in the format of MNIST: its shape, then the elements in row-major order.
///
/// - Source: LeCun, Cortes, Burges. The MNIST database of handwritten digits: the format of its
///   files. <http://yann.lecun.com/exdb/mnist/>
struct IDXFile {
  /// The number of elements along each axis.
  var shape: [Int]
  /// The elements, uint8 of that shape.
  var elements: Tensor

  /// Reads the file at `path`; names that end in `.gz`, `.xz` and the like are unpacked by the
  /// system's tools.
  ///
  /// - Parameter axes: the required number of axes.
  /// - Throws: `FileError` when it cannot be opened; `InputError` when it is not an IDX file.
  init(path: String, axes: Int) throws {
    let file = try PackedFile.open(path)
    self = try file.withBytes { bytes in
      do throws(BinaryFault) {
        return try IDXFile(bytes, axes: axes)
      } catch {
        throw error.inputError(file: path)
      }
    }
  }

  private init(_ bytes: UnsafeRawBufferPointer, axes: Int) throws(BinaryFault) {
    var cursor = ByteCursor(bytes, in: 0..<bytes.count)
    let mark = try cursor.bigEndian(4, "the first number")
    guard mark == 0x0800 + axes else {
      throw BinaryFault(
        0, "the first number is \(mark)",
        expected: "\(0x0800 + axes): unsigned bytes along \(axes) axes")
    }
    shape = []
    for axis in 0..<axes { shape.append(try cursor.bigEndian(4, "the length of axis \(axis)")) }
    guard let count = shape.checkedProduct else {
      throw BinaryFault(4, "the shape \(shape) overflows", expected: "a shape that fits the file")
    }
    guard count == bytes.count - cursor.position else {
      throw BinaryFault(
        cursor.position, "\(bytes.count - cursor.position) bytes for the shape \(shape)",
        expected: "\(count)")
    }
    let range = try cursor.take(count, "the elements")
    elements = .uninitialized(shape, dtype: .uint8)
    elements.withUnsafeMutableElements(of: UInt8.self) {
      UnsafeMutableRawBufferPointer($0).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
  }
}
