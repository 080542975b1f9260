import Datasets
import Storage

/// Recomputes the checksums of a damaged file, so that readers get past them.
enum CheckSums {
  /// Those of a `CSRFile`.
  static func matrix(_ bytes: inout [UInt8]) {
    guard bytes.count >= 64 else { return }
    store(hash(bytes[64...]), in: &bytes, at: 40)
    store(hash(bytes[..<48]), in: &bytes, at: 48)
  }

  /// The checksum of a `TextFeatures` file.
  static func vocabulary(_ bytes: inout [UInt8]) {
    guard bytes.count >= 48 else { return }
    store(hash(bytes[48...]), in: &bytes, at: 32)
    store(hash(bytes[..<40]), in: &bytes, at: 40)
  }

  /// Those of an index: one per section, if the header's offsets are inside the file, and the
  /// header's.
  static func index(_ bytes: inout [UInt8]) {
    guard bytes.count >= 256 else { return }
    for section in 0..<(bytes[8] == 1 ? 5 : 7) {
      let place = 64 + 24 * section
      let (offset, length) = (load(bytes, at: place), load(bytes, at: place + 8))
      let end = offset.addingReportingOverflow(length)
      guard !end.overflow, end.partialValue <= UInt64(bytes.count) else { continue }
      let part = bytes[Int(offset)..<Int(end.partialValue)]
      let whole = part.prefix(part.count & ~63)
      let rest = Array(part.dropFirst(whole.count))
      let padding = [UInt8](repeating: 0, count: -part.count & 63)
      let sums = [hash(whole), hash((rest + padding)[...])]
      store(sums.withUnsafeBytes(XXHash64.hash), in: &bytes, at: place + 16)
    }
    store(hash(bytes[..<248]), in: &bytes, at: 248)
  }

  /// Those of the chunks of a PNG file.
  static func png(_ bytes: inout [UInt8]) {
    var place = 8
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - place - 12 else { return }
      let sum = crc32(bytes[(place + 4)..<(place + 8 + length)])
      for index in 0..<4 {
        bytes[place + 8 + length + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index))
      }
      place += 12 + length
    }
  }

  /// The CRC-32 of PNG and ZIP files.
  static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 0 ? sum >> 1 : 0xEDB8_8320 ^ sum >> 1 }
  }

  private static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.withUnsafeBytes(XXHash64.hash)
  }

  private static func load(_ bytes: [UInt8], at place: Int) -> UInt64 {
    bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func store(_ value: UInt64, in bytes: inout [UInt8], at place: Int) {
    for index in 0..<8 {
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
  }
}
