import Foundation
import Storage

/// The header of a safetensors file, fully checked.
///
/// - Source: the format's specification, <https://github.com/huggingface/safetensors#format>:
///   8 bytes little-endian header length N, N bytes of JSON, then the data. `{"name": {"dtype",
///   "shape", "data_offsets": [begin, end]}, "__metadata__": {key: value}}` with offsets counted
///   from the data's first byte.
struct SafetensorsHeader {
  /// The position and type of one tensor.
  struct Entry: Hashable {
    var name: String
    var dtype: DType
    var shape: [Int]
    /// Its bytes in the file.
    var range: Range<Int>
  }

  /// In the order of the data.
  var entries: [Entry]
  var metadata: [String: String]

  /// The reference implementation's limit; a larger header is an attack or damage.
  static let largestHeader = 100_000_000

  /// Reads and checks the header of a whole file.
  ///
  /// - Throws: `InputError` that describes the first problem.
  init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
    func fault(_ reason: String, expected: String? = nil) -> InputError {
      InputError(file: file, reason: reason, expected: expected)
    }
    guard bytes.count >= 8 else {
      throw fault("\(bytes.count) bytes are not a safetensors file", expected: "at least 8 bytes")
    }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(Self.largestHeader), length <= UInt64(bytes.count - 8) else {
      throw fault(
        "the header claims \(length) bytes of a file of \(bytes.count)",
        expected: "a safetensors file")
    }
    let dataStart = 8 + Int(length)
    var cursor = JSONCursor(bytes, in: 8..<dataStart)
    var parsed: [Entry] = []
    var metadata: [String: String]?
    var names: Set<String> = []
    do throws(LineFault) {
      try cursor.object { (cursor, key) throws(LineFault) in
        let name = key.decoded(from: bytes)
        guard names.insert(name).inserted else {
          throw LineFault(
            position: key.content.lowerBound, reason: "the name \"\(name)\" appears twice",
            expected: "different names")
        }
        if name == "__metadata__" {
          metadata = try Self.metadata(&cursor, bytes)
        } else {
          parsed.append(
            try Self.entry(
              name, &cursor, bytes, data: dataStart..<bytes.count, at: key.content.lowerBound))
        }
      }
      try cursor.finish()
    } catch {
      // The header is one line; the column is the position in the header.
      throw error.inputError(file: file, line: 1, lineStart: 8)
    }
    parsed.sort {
      ($0.range.lowerBound, $0.range.upperBound, $0.name)
        < ($1.range.lowerBound, $1.range.upperBound, $1.name)
    }
    var position = dataStart
    for entry in parsed {
      guard entry.range.lowerBound == position else {
        throw fault(
          "the data of \"\(entry.name)\" begins at \(entry.range.lowerBound - dataStart)",
          expected: "\(position - dataStart): no gaps and no overlaps")
      }
      position = entry.range.upperBound
    }
    guard position == bytes.count else {
      throw fault("\(bytes.count - position) bytes after the last tensor belong to nothing")
    }
    entries = parsed
    self.metadata = metadata ?? [:]
  }

  private static func metadata(
    _ cursor: inout JSONCursor, _ bytes: UnsafeRawBufferPointer
  ) throws(LineFault) -> [String: String] {
    var result: [String: String] = [:]
    try cursor.object { (cursor, key) throws(LineFault) in
      let value = try cursor.string()
      let previous = result.updateValue(
        value.decoded(from: bytes), forKey: key.decoded(from: bytes))
      guard previous == nil else {
        throw LineFault(
          position: key.content.lowerBound, reason: "a key of the metadata appears twice")
      }
    }
    return result
  }

  private static func entry(
    _ name: String, _ cursor: inout JSONCursor, _ bytes: UnsafeRawBufferPointer,
    data: Range<Int>, at position: Int
  ) throws(LineFault) -> Entry {
    var dtype: DType?
    var shape: [Int]?
    var offsets: [Int]?
    try cursor.object { (cursor, key) throws(LineFault) in
      let name = key.decoded(from: bytes)
      let isRepeated: Bool
      switch name {
      case "dtype":
        isRepeated = dtype != nil
        let text = try cursor.string().decoded(from: bytes)
        guard let known = DType(safetensorsName: text) else {
          throw LineFault(
            position: cursor.position, reason: "the dtype \"\(text)\" is not known",
            expected: DType.allCases.map(\.safetensorsName).joined(separator: ", "))
        }
        dtype = known
      case "shape":
        isRepeated = shape != nil
        shape = try integers(&cursor)
      case "data_offsets":
        isRepeated = offsets != nil
        offsets = try integers(&cursor)
      default:
        throw LineFault(
          position: key.content.lowerBound, reason: "the key \"\(name)\" is not known",
          expected: "dtype, shape, data_offsets")
      }
      guard !isRepeated else {
        throw LineFault(position: key.content.lowerBound, reason: "\"\(name)\" appears twice")
      }
    }
    guard let dtype, let shape, let offsets, offsets.count == 2 else {
      throw LineFault(
        position: position, reason: "the tensor \"\(name)\" is not fully described",
        expected: "dtype, shape and data_offsets of two numbers")
    }
    let (begin, end) = (offsets[0], offsets[1])
    guard begin <= end, end <= data.count else {
      throw LineFault(
        position: position, reason: "the data of \"\(name)\" are at \(begin)..<\(end)",
        expected: "a range inside 0..<\(data.count)")
    }
    guard let size = (shape + [dtype.byteCount]).checkedProduct else {
      throw LineFault(position: position, reason: "the shape \(shape) of \"\(name)\" overflows")
    }
    guard size == end - begin else {
      throw LineFault(
        position: position,
        reason: "\"\(name)\" of shape \(shape) has \(end - begin) bytes of data",
        expected: "\(size) bytes of \(dtype.safetensorsName)")
    }
    return Entry(
      name: name, dtype: dtype, shape: shape,
      range: (data.lowerBound + begin)..<(data.lowerBound + end))
  }

  /// Reads an array of non-negative integers.
  private static func integers(_ cursor: inout JSONCursor) throws(LineFault) -> [Int] {
    var result: [Int] = []
    try cursor.array { (cursor) throws(LineFault) in
      let number = try cursor.number()
      // Beyond 2⁵³ a double cannot represent every integer; no file is that large.
      guard number >= 0, number <= 9_007_199_254_740_992, number == number.rounded() else {
        throw LineFault(
          position: cursor.position, reason: "\(number) is not a length",
          expected: "an integer of at least 0")
      }
      result.append(Int(number))
    }
    return result
  }
}

extension DType {
  /// The format's name for this type.
  var safetensorsName: String {
    switch self {
    case .uint8: "U8"
    case .int8: "I8"
    case .int16: "I16"
    case .int32: "I32"
    case .int64: "I64"
    case .float16: "F16"
    case .float32: "F32"
    case .float64: "F64"
    case .bool: "BOOL"
    case .bfloat16: "BF16"
    }
  }

  init?(safetensorsName name: String) {
    guard let match = DType.allCases.first(where: { $0.safetensorsName == name }) else {
      return nil
    }
    self = match
  }
}
