/// The 64-bit xxHash of a sequence of bytes: a fast checksum against damage, not against attacks.
///
/// The same bytes give the same hash on every machine and in every release. Formula:
/// <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>, section XXH64, seed 0.
public struct XXHash64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  private var lanes = Lanes()
  /// The bytes after the last whole block, fewer than `Lanes.blockSize`.
  private var rest: [UInt8] = []
  private var count = 0

  /// Begins a hash of bytes that come in pieces.
  package init() {}

  /// Adds bytes after those so far.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var bytes = bytes[...]
    count += bytes.count
    if !rest.isEmpty {
      let missing = bytes.prefix(Lanes.blockSize - rest.count)
      rest.append(contentsOf: missing)
      bytes = bytes.dropFirst(missing.count)
      guard rest.count == Lanes.blockSize else { return }
      _ = rest.withUnsafeBytes { lanes.add($0) }
      rest.removeAll(keepingCapacity: true)
    }
    let end = lanes.add(UnsafeRawBufferPointer(rebasing: bytes))
    rest.append(contentsOf: bytes.dropFirst(end))
  }

  /// The hash of all bytes so far.
  package var value: UInt64 {
    rest.withUnsafeBytes { Self.finish(lanes, count: count, rest: $0) }
  }

  /// The hash of `bytes`.
  public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var lanes = Lanes()
    let end = lanes.add(bytes)
    return finish(lanes, count: bytes.count, rest: UnsafeRawBufferPointer(rebasing: bytes[end...]))
  }

  /// The state that whole blocks are mixed into.
  private struct Lanes {
    static let blockSize = 32
    private var lane1 = prime1 &+ prime2
    private var lane2 = prime2
    private var lane3: UInt64 = 0
    private var lane4 = 0 &- prime1

    /// Mixes in the whole blocks of `bytes`; returns the position after them.
    mutating func add(_ bytes: UnsafeRawBufferPointer) -> Int {
      var position = 0
      while position <= bytes.count - Self.blockSize {
        lane1 = round(lane1, word(bytes, position))
        lane2 = round(lane2, word(bytes, position + 8))
        lane3 = round(lane3, word(bytes, position + 16))
        lane4 = round(lane4, word(bytes, position + 24))
        position += Self.blockSize
      }
      return position
    }

    var sum: UInt64 {
      var sum =
        rotated(lane1, by: 1) &+ rotated(lane2, by: 7) &+ rotated(lane3, by: 12)
        &+ rotated(lane4, by: 18)
      for lane in [lane1, lane2, lane3, lane4] {
        sum = (sum ^ round(0, lane)) &* prime1 &+ prime4
      }
      return sum
    }
  }

  private static func finish(_ lanes: Lanes, count: Int, rest bytes: UnsafeRawBufferPointer)
    -> UInt64
  {
    var position = 0
    var sum = (count >= Lanes.blockSize ? lanes.sum : prime5) &+ UInt64(count)
    while position <= bytes.count - 8 {
      sum ^= round(0, word(bytes, position))
      sum = rotated(sum, by: 27) &* prime1 &+ prime4
      position += 8
    }
    if position <= bytes.count - 4 {
      let half = bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)
      sum ^= UInt64(UInt32(littleEndian: half)) &* prime1
      sum = rotated(sum, by: 23) &* prime2 &+ prime3
      position += 4
    }
    while position < bytes.count {
      sum ^= UInt64(bytes[position]) &* prime5
      sum = rotated(sum, by: 11) &* prime1
      position += 1
    }
    sum = (sum ^ (sum >> 33)) &* prime2
    sum = (sum ^ (sum >> 29)) &* prime3
    return sum ^ (sum >> 32)
  }

  /// The hash of the UTF-8 form of `text`.
  public static func hash(_ text: String) -> UInt64 {
    var text = text
    return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
  }

  private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
  }

  private static func rotated(_ word: UInt64, by count: UInt64) -> UInt64 {
    (word << count) | (word >> (64 - count))
  }

  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* prime2, by: 31) &* prime1
  }
}
