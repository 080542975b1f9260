/// The header of a `.npy` file, fully checked.
package struct NumpyHeader: Hashable {
  /// The elements' type.
  package var type: NumpyType
  /// The elements' shape.
  package var shape: [Int]
  /// The file offset of the first element.
  package var dataStart: Int

  /// Reads the header of a whole file.
  ///
  /// - Throws: `InputError` that describes the first problem.
  package init(_ bytes: UnsafeRawBufferPointer, file: String) throws {
    func fault(_ reason: String, expected: String? = nil) -> InputError {
      InputError(file: file, reason: reason, expected: expected)
    }
    let magic = NumpyFile.magic
    guard bytes.count >= magic.count + 4, bytes.prefix(magic.count).elementsEqual(magic) else {
      throw fault("this is not a NumPy file", expected: "a .npy file")
    }
    let version = bytes[magic.count]
    guard (1...3).contains(version) else {
      throw fault("version \(version) of NumPy's format", expected: "version 1, 2 or 3")
    }
    let lengthStart = magic.count + 2
    let start = lengthStart + (version == 1 ? 2 : 4)
    guard bytes.count >= start else { throw fault("the file ends within its header") }
    let length = bytes[lengthStart..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - start else {
      throw fault(
        "the header claims \(length) bytes of a file of \(bytes.count)", expected: "a .npy file")
    }
    dataStart = start + length
    var scan = PythonLiteral(bytes[start..<dataStart])
    do throws(LineFault) {
      var found: [String: PythonLiteral.Value] = [:]
      try scan.dictionary { (key, value) throws(LineFault) in
        guard found.updateValue(value, forKey: key) == nil else {
          throw LineFault(reason: "the header has '\(key)' twice")
        }
      }
      (type, shape) = try Self.meaning(of: found)
    } catch {
      throw fault(error.reason, expected: error.expected)
    }
    guard let size = (shape + [type.byteCount]).checkedProduct else {
      throw fault("the shape \(shape) overflows")
    }
    guard size == bytes.count - dataStart else {
      throw fault(
        "the shape \(shape) of \(type) has \(bytes.count - dataStart) bytes of elements",
        expected: "\(size) bytes")
    }
  }

  private static func meaning(of found: [String: PythonLiteral.Value]) throws(LineFault) -> (
    NumpyType, [Int]
  ) {
    guard Set(found.keys) == ["descr", "fortran_order", "shape"] else {
      throw LineFault(
        reason: "the header has \(found.keys.sorted().joined(separator: ", "))",
        expected: "descr, fortran_order and shape")
    }
    let known = NumpyType.allCases.map(\.rawValue).joined(separator: ", ")
    guard case .string(let description) = found["descr"] else {
      throw LineFault(reason: "the elements are records with fields", expected: "one of \(known)")
    }
    guard let type = NumpyType(rawValue: description) else {
      let kind = description.hasSuffix("O") ? "Python objects" : "of type '\(description)'"
      throw LineFault(reason: "the elements are \(kind)", expected: "one of \(known)")
    }
    guard found["fortran_order"] == .boolean(false) else {
      throw LineFault(
        reason: "the elements are in column-major order",
        expected: "numpy.ascontiguousarray of the array, saved")
    }
    guard case .integers(let shape) = found["shape"] else {
      throw LineFault(reason: "the shape is not a tuple", expected: "(rows, columns)")
    }
    return (type, shape)
  }
}

/// The small part of Python's syntax that headers use.
struct PythonLiteral {
  /// A value of the dictionary.
  enum Value: Hashable {
    case string(String)
    case boolean(Bool)
    case integers([Int])
    /// Anything in brackets: the fields of a record.
    case list
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: Slice<UnsafeRawBufferPointer>) { rest = Array(bytes)[...] }

  /// Parses `{'key': value, …}` to its end and passes on the pairs.
  mutating func dictionary(
    _ body: (String, Value) throws(LineFault) -> Void
  ) throws(LineFault) {
    try take("{")
    while !skip("}") {
      let key = try string()
      try take(":")
      try body(key, try value())
      if !skip(",") {
        try take("}")
        break
      }
    }
    skipBlanks()
    guard rest.isEmpty else { throw unexpected("the end of the header") }
  }

  private mutating func value() throws(LineFault) -> Value {
    skipBlanks()
    switch rest.first {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "("): return .integers(try tuple())
    case UInt8(ascii: "["):
      guard let end = rest.lastIndex(of: UInt8(ascii: "]")) else { throw unexpected("]") }
      rest = rest[(end + 1)...]
      return .list
    default:
      for (word, value) in [("True", true), ("False", false)] where rest.starts(with: word.utf8) {
        rest = rest.dropFirst(word.utf8.count)
        return .boolean(value)
      }
      throw unexpected("a string, True, False or a tuple")
    }
  }

  private mutating func string() throws(LineFault) -> String {
    skipBlanks()
    guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw unexpected("a string")
    }
    rest = rest.dropFirst()
    guard let end = rest.firstIndex(of: quote) else { throw unexpected("the end of a string") }
    defer { rest = rest[(end + 1)...] }
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  private mutating func tuple() throws(LineFault) -> [Int] {
    try take("(")
    var result: [Int] = []
    while !skip(")") {
      skipBlanks()
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else {
        throw unexpected("a length")
      }
      rest = rest.dropFirst(digits.count)
      result.append(number)
      if !skip(",") {
        try take(")")
        break
      }
    }
    return result
  }

  private mutating func skipBlanks() {
    rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard rest.first == UInt8(ascii: character) else { return false }
    rest = rest.dropFirst()
    return true
  }

  private mutating func take(_ character: Unicode.Scalar) throws(LineFault) {
    guard skip(character) else { throw unexpected("\(character)") }
  }

  private func unexpected(_ expected: String) -> LineFault {
    let found = rest.first.map { "'\(Character(Unicode.Scalar($0)))'" } ?? "the end"
    return LineFault(reason: "\(found) in the header", expected: expected)
  }
}
