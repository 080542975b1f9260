import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct NumpyFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A file with this header and these elements, as the format's description has it.
  private func file(
    _ header: String, version: UInt8 = 1, elements: Data = Data(), length: Int? = nil
  ) throws -> String {
    var bytes = Data([0x93]) + Data("NUMPY".utf8) + Data([version, 0])
    let count = UInt32(length ?? header.utf8.count)
    bytes += withUnsafeBytes(of: count.littleEndian) { Data($0.prefix(version == 1 ? 2 : 4)) }
    return try folder.write(bytes + Data(header.utf8) + elements, to: "a.npy")
  }

  private func refuse(
    _ path: String, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) {
      try NumpyFile.read(path)
    }
    #expect(
      error?.description.contains(words) == true, "\(error?.description ?? "")",
      sourceLocation: sourceLocation)
  }

  @Test func `writes the bytes of NumPy`() throws {
    // python3 -c 'import numpy, io; b = io.BytesIO();
    // numpy.save(b, numpy.array([[1, 2, 3], [4, 5, 6]], "<i8")); print(b.getvalue().hex())',
    // NumPy 2.3
    let path = folder.file("a.npy")
    try NumpyFile.write(Tensor(rows: [[1, 2, 3], [4, 5, 6]] as [[Int64]]), to: path)
    let text = "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }"
    var expected = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, 0x76, 0])
    expected += Data(text.utf8) + Data(repeating: 0x20, count: 118 - text.utf8.count - 1)
    expected += Data([0x0A])
    for number in 1...6 { expected += Data([UInt8(number), 0, 0, 0, 0, 0, 0, 0]) }
    #expect(try contents(path) == expected)
  }

  @Test(arguments: [[], [1], [5], [0, 3], [2, 3], [2, 1, 4]] as [[Int]])
  func `round-trips every shape`(shape: [Int]) throws {
    let path = folder.file("a.npy")
    let count = shape.reduce(1, *)
    let values = (0..<count).map { Double($0) * 0.5 - 1 }
    for tensor in [
      Tensor(values, shape: shape), Tensor(values.map(Float.init), shape: shape),
      Tensor(values.map { Int64($0) }, shape: shape),
      Tensor(values, shape: shape).converted(to: .float16),
      Tensor(values.map { Int8($0) }, shape: shape),
      Tensor(values.map { UInt8(abs($0)) }, shape: shape),
    ] {
      try NumpyFile.write(tensor, to: path)
      let back = try NumpyFile.read(path)
      #expect(back.dtype == tensor.dtype)
      expectClose(back, tensor, tolerance: 0)
    }
  }

  @Test func `elements start at a multiple of 64`() throws {
    for axes in [1, 20, 40, 20_000] {
      let header = NumpyFile.header(.float32, shape: Array(repeating: 12, count: axes))
      #expect(header.count.isMultiple(of: 64))
      #expect(header.last == UInt8(ascii: "\n"))
      #expect(header[6] == (axes == 20_000 ? 2 : 1))
    }
  }

  @Test func `writes a transposed tensor row by row`() throws {
    let path = folder.file("a.npy")
    try NumpyFile.write(Tensor(rows: [[1.0, 2], [3, 4]]).transposed(), to: path)
    #expect(try NumpyFile.read(path).doubles() == [1, 3, 2, 4])
  }

  @Test func `reads variants of other writers`() throws {
    // Other blanks and quotes, keys in another order, a comma after each length, elements that do
    // not start at a multiple of their size.
    let one = withUnsafeBytes(of: 1.5) { Data($0) }
    for version in [1, 2, 3] as [UInt8] {
      let path = try file(
        "{\"shape\":(1,1,),'fortran_order' : False,\n 'descr':'<f8'}", version: version,
        elements: one)
      let tensor = try NumpyFile.read(path)
      #expect(tensor.shape == [1, 1])
      #expect(tensor.doubles() == [1.5])
    }
  }

  @Test func `rejects unsupported files`() throws {
    func header(_ type: String, order: String = "False", shape: String = "(1,)") -> String {
      "{'descr': \(type), 'fortran_order': \(order), 'shape': \(shape), }"
    }
    let eight = Data(count: 8)
    refuse(try file(header("'<f8'", order: "True"), elements: eight), "column-major")
    refuse(try file(header("'|O'"), elements: eight), "Python objects; expected one of <f4")
    refuse(try file(header("'>f8'"), elements: eight), "of type '>f8'")
    refuse(try file(header("'<i2'"), elements: eight), "of type '<i2'")
    refuse(try file(header("[('a', '<f8')]"), elements: eight), "records with fields")
    refuse(try file(header("'<f8'"), elements: eight.dropLast()), "expected 8 bytes")
    refuse(try file(header("'<f8'"), elements: eight + eight), "has 16 bytes of elements")
    refuse(try file(header("'<f8'", shape: "(4611686018427387904, 2)")), "overflows")
    refuse(try file(header("'<f8'", shape: "(-1,)")), "expected a length")
    refuse(try file(header("'<f8'", shape: "1")), "expected a string, True, False or a tuple")
    refuse(try file("{'descr': '<f8'}"), "the header has descr; expected descr, fortran_order")
    refuse(try file("{'descr': '<f8', 'descr': '<f8'}"), "'descr' twice")
    refuse(try file("{'descr"), "expected the end of a string")
    refuse(try file(header("'<f8'") + "x", elements: eight), "expected the end of the header")
    refuse(try file(header("'<f8'"), version: 9), "version 9")
    refuse(try file("{}", length: 500), "claims 500 bytes")
    refuse(try folder.write("plain text, long enough", to: "text.npy"), "not a NumPy file")
    refuse(try folder.write("", to: "empty.npy"), "not a NumPy file")
  }

  @Test func `rejects unsupported element types`() throws {
    let path = folder.file("a.npy")
    #expect(throws: InputError.self) {
      try NumpyFile.write(Tensor([true, false]), to: path)
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
