/// The check sums of compressed files.
enum Checksum {
  /// CRC-32 as PNG (ISO 3309) and ZIP have it.
  static func crc32(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>) -> UInt32 {
    var sum = UInt32.max
    for position in range {
      sum = table[Int(UInt8(truncatingIfNeeded: sum) ^ bytes[position])] ^ sum >> 8
    }
    return ~sum
  }

  /// Adler-32 of RFC 1950.
  static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      low = (low + UInt32(byte)) % 65521
      high = (high + low) % 65521
    }
    return high << 16 | low
  }

  private static let table: [UInt32] = (0..<256).map { start in
    (0..<8).reduce(UInt32(start)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
  }
}
