import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SafetensorsTests {
  struct Golden: Decodable {
    struct Content: Decodable {
      var shape: [Int]
      var values: [Double]
    }
    var file: String
    var tensors: [String: Content]
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func golden() throws -> Golden {
    let path = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Goldens/Safetensors.json")
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: path))
  }

  private func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = Array(hexadecimal.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
      UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)!
    }
  }

  private func file(_ bytes: [UInt8]) throws -> String {
    let path = folder.file("f.safetensors")
    try bytes.withUnsafeBytes { try writeAtomically($0, to: path) }
    return path
  }

  private func file(header: String, data: Int = 0) throws -> String {
    try file(
      withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8)
        + [UInt8](repeating: 0, count: data))
  }

  @Test func `reads files of the reference library`() throws {
    let golden = try golden()
    let file = try SafetensorsFile(path: try file(bytes(golden.file)))
    #expect(file.metadata == ["note": "größer\n\"quoted\""])
    #expect(Set(file.names) == Set(golden.tensors.keys))
    for (name, content) in golden.tensors {
      let tensor = try file.tensor(named: name)
      #expect(tensor.shape == content.shape)
      expectClose(tensor.doubles(), content.values, tolerance: 0, name)
    }
    #expect(try file.tensor(named: "half").dtype == .float16)
    #expect(try file.tensor(named: "flags").dtype == .bool)
  }

  @Test func `round-trips every element type`() throws {
    let path = folder.file("written.safetensors")
    let tensors = [
      "a": Tensor(rows: [[1.5, -2], [0, 1e300]]), "b": Tensor([Int32(7)]),
      "c": Tensor([Float(0.25)], shape: []), "d": Tensor([true, false]),
      "e": Tensor.zeros([3, 0]), "f": Tensor([Float(1), 2]).converted(to: .bfloat16),
      "view": Tensor(rows: [[1.0, 2], [3, 4]]).transposed(),
    ]
    try Safetensors.write(tensors, metadata: ["k": "v\u{1}"], to: path)
    let file = try SafetensorsFile(path: path)
    #expect(file.metadata == ["k": "v\u{1}"])
    for (name, tensor) in tensors {
      let read = try file.tensor(named: name)
      #expect(read.dtype == tensor.dtype)
      expectClose(read, tensor, tolerance: 0, name)
    }
    // The same tensors again, in another order of insertion: the same bytes.
    let again = folder.file("again.safetensors")
    var other: [String: Tensor] = [:]
    for name in tensors.keys.sorted().reversed() { other[name] = tensors[name] }
    try Safetensors.write(other, metadata: ["k": "v\u{1}"], to: again)
    #expect(
      try Data(contentsOf: URL(filePath: path)) == Data(contentsOf: URL(filePath: again)))
  }

  @Test func `a tensor outlives the file object`() throws {
    let path = folder.file("written.safetensors")
    try Safetensors.write(["a": Tensor([1.0, 2, 3])], to: path)
    let tensor = try SafetensorsFile(path: path).tensor(named: "a")
    unlink(path)
    #expect(tensor.array(of: Double.self) == [1, 2, 3])
  }

  @Test(arguments: [
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "expected 8 bytes of F32"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 3, "are at 0..<4"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5, "1 bytes after the last"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "begins at 4"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 8, "are at 4..<0"),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "-1.0 is not a length"),
    (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, 4, "1.5 is not a length"),
    (#"{"a":{"dtype":"F9","shape":[1],"data_offsets":[0,4]}}"#, 4, "dtype \"F9\" is not known"),
    (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, "not fully described"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, 4, "not fully described"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}"#, 4, "\"x\" is not known"),
    (#"{"a":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, 4, "appears twice"),
    (
      #"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}"#,
      2, "the name \"a\" appears twice"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
      3, "the data of \"b\" begins at 1"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0,
      "overflows"
    ),
    (#"{"__metadata__":{"a":1}}"#, 0, "a string in quotation marks"),
    (#"{"__metadata__":{"a":"1","a":"2"}}"#, 0, "appears twice"),
    (#"["a"]"#, 0, "an object"),
    (#"{} x"#, 0, "nothing more"),
    ("", 0, "an object"),
  ])
  func `rejects hostile headers`(header: String, data: Int, reason: String) throws {
    let path = try file(header: header, data: data)
    let error = #expect(throws: InputError.self) { try SafetensorsFile(path: path) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "no error")")
  }

  /// Zero elements need no bytes, but libtorch cannot count in strides of 2^80.
  @Test func `rejects empty shapes whose strides overflow`() throws {
    let shape = "[0,1099511627776,1099511627776]"
    let path = try file(
      header: #"{"b":{"dtype":"F64","shape":\#(shape),"data_offsets":[0,0]}}"#, data: 0)
    let error = #expect(throws: InputError.self) { try SafetensorsFile(path: path) }
    #expect(error?.reason.contains("overflows") == true, "\(error?.description ?? "")")
  }

  @Test func `rejects Booleans other than 0 and 1`() throws {
    let path = try file(
      header: #"{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}"#, data: 2)
    #expect(try SafetensorsFile(path: path).tensor(named: "a").array() == [false, false])
    var bytes = try MappedFile(path: path).withBytes { Array($0) }
    bytes[bytes.count - 1] = 2
    try bytes.withUnsafeBytes { try writeAtomically($0, to: path) }
    let error = #expect(throws: InputError.self) {
      try SafetensorsFile(path: path).tensor(named: "a")
    }
    #expect(error?.reason == "element 1 of \"a\" is the byte 2")
  }

  @Test func `rejects a tensor named like the metadata`() throws {
    let path = folder.file("written.safetensors")
    #expect(throws: InputError.self) {
      try Safetensors.write(["__metadata__": Tensor([1.0])], to: path)
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func `rejects lengths beyond the file`() throws {
    for bytes in [
      [], [1, 0, 0], [255, 255, 255, 255, 255, 255, 255, 255],
      [255, 255, 255, 255, 255, 255, 255, 127, 0x7B, 0x7D], [3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D],
    ] as [[UInt8]] {
      let path = try file(bytes)
      #expect(throws: InputError.self) { try SafetensorsFile(path: path) }
    }
  }

  @Test func `every mutation and truncation loads or throws`() throws {
    let original = bytes(try golden().file)
    var refused = 0
    func attempt(_ bytes: [UInt8]) throws {
      do {
        let file = try SafetensorsFile(path: try file(bytes))
        for name in file.names { _ = try file.tensor(named: name).doubles() }
      } catch is InputError {
        refused += 1
      }
    }
    var random = SplitMix64(1)
    for position in original.indices {
      var bytes = original
      bytes[position] ^= UInt8.random(in: 1...255, using: &random)
      try attempt(bytes)
      try attempt(Array(original[..<position]))
    }
    #expect(refused > original.count)
  }

  @Test func `a missing tensor error lists the present ones`() throws {
    let path = folder.file("written.safetensors")
    try Safetensors.write(["a": Tensor([1.0])], to: path)
    let error = #expect(throws: InputError.self) {
      try SafetensorsFile(path: path).tensor(named: "b")
    }
    #expect(error?.reason == "there is no tensor \"b\"")
    #expect(error?.expected == "one of a")
  }
}
