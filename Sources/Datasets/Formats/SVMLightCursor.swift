import Storage

/// Reads one line of the text files of the extreme-classification repository.
struct SVMLightCursor {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position: Int
  private let end: Int

  init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>) {
    self.bytes = bytes
    position = range.lowerBound
    end =
      range.upperBound > range.lowerBound && bytes[range.upperBound - 1] == 0x0D
      ? range.upperBound - 1 : range.upperBound
  }

  var isAtEnd: Bool { position == end }

  var isAtSpaceOrEnd: Bool { isAtEnd || isNext(" ") }

  func isNext(_ byte: Unicode.Scalar) -> Bool {
    position < end && bytes[position] == UInt8(ascii: byte)
  }

  mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard isNext(byte) else { return false }
    position += 1
    return true
  }

  /// Passes some bytes of the line.
  mutating func advance(by count: Int) { position = min(position + count, end) }

  mutating func skip(_ byte: Unicode.Scalar, _ expected: String) throws(LineFault) {
    guard take(byte) else { throw unexpected(expected) }
  }

  /// Skips spaces; false at the end of the line.
  mutating func skipSpaces() throws(LineFault) -> Bool {
    guard position < end else { return false }
    try skip(" ", "a space")
    while take(" ") {}
    return position < end
  }

  mutating func finish(_ expected: String) throws(LineFault) {
    while take(" ") {}
    guard position == end else { throw unexpected(expected) }
  }

  mutating func integer(upTo limit: Int, _ what: String) throws(LineFault) -> Int {
    let start = position
    var value = 0
    while position < end, bytes[position] >= 0x30, bytes[position] <= 0x39 {
      if value <= Int(Int32.max) { value = value * 10 + Int(bytes[position] - 0x30) }
      position += 1
    }
    guard position > start else { throw unexpected("\(what): a whole number") }
    guard value <= limit else {
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      throw LineFault(position: start, reason: "\(what) is \(text)", expected: "at most \(limit)")
    }
    return value
  }

  mutating func value() throws(LineFault) -> Float {
    let start = position
    switch DecimalScanner.number(in: bytes, from: position, to: end) {
    case .failure(let misfit):
      position = misfit.position
      throw unexpected("a decimal number")
    case .success(let found):
      position = found.end
      let value = Float(found.value)
      guard value.isFinite else {
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        throw LineFault(
          position: start, reason: "the value \(text) is too large",
          expected: "a finite 32-bit number")
      }
      return value
    }
  }

  private func unexpected(_ expected: String) -> LineFault {
    JSONCursor(bytes, in: position..<end).unexpected(expected: expected)
  }
}
