/// The bits of a JPEG scan.
struct JPEGBits {
  private var cursor: ByteCursor
  private var bits = 0
  private var bitCount = 0

  init(_ cursor: ByteCursor) { self.cursor = cursor }

  /// What follows the scan.
  var rest: ByteCursor { cursor }

  /// The coefficients of a block, times their steps, in rows.
  ///
  /// - Parameter last: the first coefficient of the block before, which is what that one counts from.
  mutating func block(
    first: PrefixCode, other: PrefixCode, steps: [Int], last: inout Int
  ) throws(BinaryFault) -> [Float] {
    var block = [Float](repeating: 0, count: 64)
    last += try number(of: try symbol(first))
    block[0] = Float(last * steps[0])
    var place = 1
    while place < 64 {
      let symbol = try symbol(other)
      let (zeros, size) = (symbol >> 4, symbol & 15)
      if size == 0 {
        // Sixteen zeros, or nothing any more.
        if zeros == 15 { place += 16 } else { break }
        continue
      }
      place += zeros
      guard place < 64 else {
        throw BinaryFault(cursor.position, "coefficient \(place)", expected: "below 64")
      }
      block[Self.order[place]] = Float(try number(of: size) * steps[place])
      place += 1
    }
    return block
  }

  /// Passes over a restart marker.
  mutating func restart() throws(BinaryFault) {
    (bits, bitCount) = (0, 0)
    let place = cursor.position
    let marker = try cursor.bigEndian(2, "a restart marker")
    guard (0xFFD0...0xFFD7).contains(marker) else {
      throw BinaryFault(place, "\(marker)", expected: "a restart marker, 0xFFD0 ... 0xFFD7")
    }
  }

  private mutating func bit() throws(BinaryFault) -> Int {
    if bitCount == 0 {
      let place = cursor.position
      bits = Int(try cursor.byte("a scan"))
      bitCount = 8
      if bits == 0xFF {
        let next = try cursor.byte("a scan")
        guard next == 0 else {
          throw BinaryFault(place, "the marker \(next) within a scan")
        }
      }
    }
    bitCount -= 1
    return bits >> bitCount & 1
  }

  private mutating func symbol(_ code: PrefixCode) throws(BinaryFault) -> Int {
    var walk = PrefixCode.Walk()
    while walk.length < PrefixCode.longest {
      if let symbol = code.step(&walk, bit: try bit()) { return symbol }
    }
    throw BinaryFault(cursor.position, "bits that are no code")
  }

  /// The number of `size` bits: those that begin with 0 are negative.
  private mutating func number(of size: Int) throws(BinaryFault) -> Int {
    guard size <= 15 else { throw BinaryFault(cursor.position, "a number of \(size) bits") }
    var value = 0
    for _ in 0..<size { value = value << 1 | (try bit()) }
    return size > 0 && value < 1 << (size - 1) ? value - (1 << size) + 1 : value
  }

  /// Where in a block each coefficient lies: they come along the diagonals.
  private static let order: [Int] = (0..<15).flatMap { diagonal in
    let rows = (max(0, diagonal - 7)...min(7, diagonal)).map { 8 * $0 + diagonal - $0 }
    return diagonal % 2 == 0 ? rows.reversed() : rows
  }
}
