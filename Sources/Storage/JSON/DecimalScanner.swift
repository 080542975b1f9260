/// Reads decimal numbers from bytes, correctly rounded.
package enum DecimalScanner {
  /// The value and end of the number that starts at `start`, or the first byte that does not
  /// belong to one.
  ///
  /// The grammar is JSON's: `-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?`. Values past the range
  /// of `Double` come back infinite.
  package static func number(
    in bytes: UnsafeRawBufferPointer, from start: Int, to end: Int
  ) -> Result<(value: Double, end: Int), Misfit> {
    var position = start
    func digit() -> UInt64? {
      guard position < end else { return nil }
      let value = bytes[position] &- UInt8(ascii: "0")
      return value < 10 ? UInt64(value) : nil
    }
    func isNext(_ byte: Unicode.Scalar) -> Bool {
      position < end && bytes[position] == UInt8(ascii: byte)
    }

    let isNegative = isNext("-")
    if isNegative { position += 1 }
    guard let first = digit() else { return .failure(Misfit(position: position)) }
    var mantissa = first
    var isExact = true
    var exponent = 0
    position += 1
    if first != 0 {
      while let next = digit() {
        position += 1
        if mantissa < 1 << 53 { mantissa = mantissa * 10 + next } else { isExact = false }
      }
    }
    if isNext(".") {
      position += 1
      guard digit() != nil else { return .failure(Misfit(position: position)) }
      while let next = digit() {
        position += 1
        if mantissa < 1 << 53 {
          mantissa = mantissa * 10 + next
          exponent -= 1
        } else {
          isExact = false
        }
      }
    }
    if isNext("e") || isNext("E") {
      position += 1
      let falls = isNext("-")
      if falls || isNext("+") { position += 1 }
      guard digit() != nil else { return .failure(Misfit(position: position)) }
      var written = 0
      while let next = digit() {
        position += 1
        written = min(written * 10 + Int(next), 100_000)
      }
      exponent += falls ? -written : written
    }
    // Both factors are exact doubles here, so that one rounding remains (Clinger 1990, "How to
    // read floating point numbers accurately", the fast case).
    if isExact, mantissa <= 1 << 53, abs(exponent) < powersOfTen.count {
      let value =
        exponent < 0
        ? Double(mantissa) / powersOfTen[-exponent] : Double(mantissa) * powersOfTen[exponent]
      return .success((isNegative ? -value : value, position))
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text) else { return .failure(Misfit(position: start)) }
    return .success((value, position))
  }

  /// Where a number stopped being one.
  package struct Misfit: Error {
    package var position: Int
  }

  /// 10^0 … 10^22, the powers that a `Double` holds exactly.
  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
    1e18, 1e19, 1e20, 1e21, 1e22,
  ]
}
