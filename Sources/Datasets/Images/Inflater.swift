/// Unpacks DEFLATE, the compression of PNG and ZIP.
///
/// Written here because images come by the ten thousand, too many for a program each, and because
/// Foundation has no such function on Linux.
///
/// - Source: Deutsch. DEFLATE Compressed Data Format Specification 1.3. RFC 1951, 1996.
///   <https://www.rfc-editor.org/rfc/rfc1951>
struct Inflater {
  private var cursor: ByteCursor
  private var bits: UInt32 = 0
  private var bitCount = 0
  private var output: [UInt8] = []
  private let size: Int

  /// Unpacks the stream that begins at the start of `range`.
  ///
  /// - Parameter size: how many bytes must come out; memory does not grow beyond it.
  /// - Returns: them, and where the stream ends.
  static func unpack(
    _ bytes: UnsafeRawBufferPointer, in range: Range<Int>, size: Int
  ) throws(BinaryFault) -> (output: [UInt8], end: Int) {
    // Two bits stand for 258 bytes at best; a damaged file must not ask for more memory than that.
    guard size <= 1032 * (range.count + 1) else {
      throw BinaryFault(
        range.lowerBound, "\(size) bytes from \(range.count)",
        expected: "at most \(1032 * (range.count + 1))")
    }
    var inflater = Inflater(cursor: ByteCursor(bytes, in: range), size: size)
    try inflater.run()
    return (inflater.output, inflater.cursor.position)
  }

  /// Unpacks a stream with the frame of RFC 1950 and checks its sum.
  static func unpackZlib(
    _ bytes: UnsafeRawBufferPointer, in range: Range<Int>, size: Int
  ) throws(BinaryFault) -> [UInt8] {
    var frame = ByteCursor(bytes, in: range)
    let head = try frame.bigEndian(2, "the head of a zlib stream")
    guard head >> 8 & 15 == 8, head % 31 == 0, head & 32 == 0 else {
      throw BinaryFault(
        range.lowerBound, "the head of a zlib stream is \(head)",
        expected: "DEFLATE without a dictionary")
    }
    let (output, end) = try unpack(
      bytes, in: (range.lowerBound + 2)..<range.upperBound, size: size)
    var tail = ByteCursor(bytes, in: end..<range.upperBound)
    let sum = try tail.bigEndian(4, "the check sum")
    guard sum == Int(Checksum.adler32(output)) else {
      throw BinaryFault(
        end, "the check sum is \(sum)", expected: "\(Checksum.adler32(output)), that of the bytes")
    }
    return output
  }

  private init(cursor: ByteCursor, size: Int) {
    self.cursor = cursor
    self.size = size
    output.reserveCapacity(size)
  }

  private mutating func run() throws(BinaryFault) {
    var isLast = false
    while !isLast {
      isLast = try take(1) == 1
      switch try take(2) {
      case 0: try copyStored()
      case 1: try copyCoded(literals: .fixedLiterals, distances: .fixedDistances)
      case 2:
        let (literals, distances) = try readCodes()
        try copyCoded(literals: literals, distances: distances)
      default: throw fault("a block of the unknown kind 3")
      }
    }
    guard output.count == size else {
      throw fault("\(output.count) bytes came out", expected: "\(size)")
    }
  }

  /// The next `count` ≤ 16 bits, the first one least significant.
  private mutating func take(_ count: Int) throws(BinaryFault) -> Int {
    while bitCount < count {
      bits |= UInt32(try cursor.byte("packed bytes")) << UInt32(bitCount)
      bitCount += 8
    }
    let value = bits & (1 << UInt32(count) - 1)
    bits >>= UInt32(count)
    bitCount -= count
    return Int(value)
  }

  private mutating func copyStored() throws(BinaryFault) {
    (bits, bitCount) = (0, 0)
    let count = try cursor.littleEndian(2, "a block's length")
    let complement = try cursor.littleEndian(2, "a block's length")
    guard count ^ 0xFFFF == complement else {
      throw fault("a block's length is \(count), its complement \(complement)")
    }
    let range = try cursor.take(count, "a block as it is")
    try makeRoom(for: count)
    output.append(contentsOf: cursor.bytes[range])
  }

  /// Copies a block of literals and of repetitions of what came before.
  private mutating func copyCoded(
    literals: PrefixCode, distances: PrefixCode
  ) throws(BinaryFault) {
    while true {
      let symbol = try next(literals)
      if symbol == 256 { return }
      if symbol < 256 {
        try makeRoom(for: 1)
        output.append(UInt8(symbol))
        continue
      }
      guard symbol < 286 else { throw fault("the length symbol \(symbol)", expected: "below 286") }
      let length = Self.lengths[symbol - 257]
      let count = length.first + (try take(length.extraBits))
      let place = try next(distances)
      guard place < 30 else { throw fault("the distance symbol \(place)", expected: "below 30") }
      let step = Self.distances[place]
      let distance = step.first + (try take(step.extraBits))
      guard distance <= output.count else {
        throw fault(
          "a repetition from \(distance) bytes before", expected: "at most \(output.count)")
      }
      try makeRoom(for: count)
      // One by one: the source may overlap what is being written.
      for _ in 0..<count { output.append(output[output.count - distance]) }
    }
  }

  /// The codes that a block brings along, themselves coded.
  private mutating func readCodes() throws(BinaryFault) -> (PrefixCode, PrefixCode) {
    let (literals, distances) = (try take(5) + 257, try take(5) + 1)
    var short = [UInt8](repeating: 0, count: 19)
    for place in 0..<(try take(4) + 4) { short[Self.order[place]] = UInt8(try take(3)) }
    let code = try self.code(short)
    var lengths: [UInt8] = []
    while lengths.count < literals + distances {
      let symbol = try next(code)
      switch symbol {
      case 0..<16: lengths.append(UInt8(symbol))
      case 16:
        guard let last = lengths.last else { throw fault("a repetition of no code length") }
        lengths += [UInt8](repeating: last, count: try take(2) + 3)
      case 17: lengths += [UInt8](repeating: 0, count: try take(3) + 3)
      default: lengths += [UInt8](repeating: 0, count: try take(7) + 11)
      }
    }
    guard lengths.count == literals + distances else {
      throw fault("\(lengths.count) code lengths", expected: "\(literals + distances)")
    }
    return (try self.code(lengths[..<literals]), try self.code(lengths[literals...]))
  }

  private func code(_ lengths: some Sequence<UInt8>) throws(BinaryFault) -> PrefixCode {
    guard let code = PrefixCode(lengths: Array(lengths)) else {
      throw fault("code lengths that no prefix code has")
    }
    return code
  }

  private mutating func next(_ code: PrefixCode) throws(BinaryFault) -> Int {
    var walk = PrefixCode.Walk()
    while true {
      if let symbol = code.step(&walk, bit: try take(1)) { return symbol }
      if walk.length == PrefixCode.longest { throw fault("bits that are no code") }
    }
  }

  private func makeRoom(for count: Int) throws(BinaryFault) {
    guard output.count + count <= size else {
      throw fault("more than \(size) bytes come out", expected: "\(size)")
    }
  }

  private func fault(_ reason: String, expected: String? = nil) -> BinaryFault {
    BinaryFault(cursor.position, reason, expected: expected)
  }

  /// The least number that a symbol stands for, and how many bits are added to it.
  private typealias Step = (first: Int, extraBits: Int)

  private static let lengths: [Step] =
    steps(from: 3, extraBits: (0..<28).map { $0 < 8 ? 0 : $0 / 4 - 1 }) + [(258, 0)]
  private static let distances = steps(
    from: 1, extraBits: (0..<30).map { $0 < 4 ? 0 : $0 / 2 - 1 })

  private static func steps(from first: Int, extraBits: [Int]) -> [Step] {
    var first = first
    return extraBits.map { extra in
      defer { first += 1 << extra }
      return (first, extra)
    }
  }

  /// The order in which the lengths of the code for code lengths are stored.
  private static let order = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
  ]
}
