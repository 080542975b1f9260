import Storage

/// Damages files with a few small changes each, as editing, disk errors and attackers would.
struct Mutator {
  private var random: SplitMix64
  /// Strings that have a meaning in the format.
  private let tokens: [[UInt8]]
  /// The largest size to which a file may grow.
  private static let largestSize = 1 << 18

  init(_ random: SplitMix64, tokens: [String]) {
    self.random = random
    self.tokens = tokens.map { Array($0.utf8) } + Self.texts
  }

  /// `bytes` with one to eight changes.
  ///
  /// - Parameter other: a file of the same kind, from which parts are copied.
  mutating func changed(_ bytes: [UInt8], other: [UInt8]) -> [UInt8] {
    var result = bytes
    var changes = 1
    while changes < 8, below(2) == 0 { changes += 1 }
    for _ in 0..<changes where result.count < Self.largestSize { change(&result, other) }
    return result
  }

  /// A random integer in `0 ..< bound`; 0 if that is empty.
  mutating func below(_ bound: Int) -> Int {
    bound > 0 ? Int.random(in: 0..<bound, using: &random) : 0
  }

  private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
    guard !bytes.isEmpty else {
      bytes = pick(tokens)
      return
    }
    let place = below(bytes.count)
    switch below(14) {
    case 0, 1: bytes[place] ^= 1 << UInt8(below(8))
    case 2: bytes[place] = pick(Self.bytes)
    case 3, 4: overwriteInteger(&bytes, at: place)
    case 5: bytes.removeSubrange(range(from: place, in: bytes))
    case 6: bytes.insert(contentsOf: bytes[range(from: place, in: bytes)], at: below(bytes.count))
    case 7: bytes.insert(contentsOf: pick(tokens), at: place)
    case 8, 9: replaceNumber(&bytes, from: place)
    case 10: bytes.removeSubrange(place...)
    case 11:
      let piece = range(from: below(other.count), in: other)
      bytes.replaceSubrange(range(from: place, in: bytes), with: other[piece])
    case 12:
      let piece = Array(bytes[range(from: place, in: bytes).prefix(64)])
      for _ in 0..<below(200) where bytes.count < Self.largestSize {
        bytes.insert(contentsOf: piece, at: place)
      }
    default: replaceWord(&bytes, from: place)
    }
  }

  private mutating func overwriteInteger(_ bytes: inout [UInt8], at place: Int) {
    let width = [1, 2, 4, 8][below(4)]
    // Numbers are mostly aligned to multiples of their size.
    let start = below(4) == 0 ? place : place / width * width
    let value = pick(Self.integers)
    let isBigEndian = below(3) == 0
    for index in 0..<width where start + index < bytes.count {
      let shift = UInt64(8 * (isBigEndian ? width - 1 - index : index))
      bytes[start + index] = UInt8(truncatingIfNeeded: value >> shift)
    }
  }

  /// Replaces the next decimal number with another.
  private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
    func isNumeric(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte || byte == 0x2D || byte == 0x2E }
    guard let start = bytes[place...].firstIndex(where: isNumeric) else { return }
    let end = bytes[start...].firstIndex { !isNumeric($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: pick(Self.numbers))
  }

  /// Replaces the next word with a token.
  private mutating func replaceWord(_ bytes: inout [UInt8], from place: Int) {
    func isWord(_ byte: UInt8) -> Bool { byte > 0x2F && byte != 0x3A && byte < 0x7B }
    guard let start = bytes[place...].firstIndex(where: isWord) else { return }
    let end = bytes[start...].firstIndex { !isWord($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: pick(tokens))
  }

  private mutating func range(from start: Int, in bytes: [UInt8]) -> Range<Int> {
    let longest = below(4) == 0 ? bytes.count : 32
    return start..<min(bytes.count, start + 1 + below(longest))
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[below(elements.count)]
  }

  private static let bytes: [UInt8] = [0, 1, 0x09, 0x0A, 0x0D, 0x20, 0x22, 0x5C, 0x7F, 0x80, 0xFF]

  private static let integers: [UInt64] = [
    0, 1, 2, 3, 7, 16, 64, 100, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 1 << 20, 1 << 24,
    0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF, 1 << 32, 1 << 40, 1 << 53,
    0x7FFF_FFFF_FFFF_FFFF, 1 << 63, .max - 63, .max - 1, .max,
    // Infinity, NaN and the largest finite number in 32 and 64 bits.
    0x7F80_0000, 0x7FC0_0000, 0x7F7F_FFFF, 0x7FF0_0000_0000_0000, 0x7FF8_0000_0000_0000,
  ]

  private static let numbers = [
    "0", "-0", "1", "-1", "2", "3", "5", "7", "-5", "0.5", "1.0", "00", "255", "256", "512",
    "65535",
    "65536", "1000000", "2147483647", "2147483648", "-2147483648", "4294967295", "4294967296",
    "9007199254740993", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "1e2", "1e9", "1e19", "1e30", "-1e300", "1e308",
    "1e309", "1e-400", "5e-324", "NaN", "nan", "Infinity", "-inf", "null", "true", "[]", "{}",
    "\"7\"", "1_000", "+1", ".5", "5.", "1e", "0x10",
  ].map { Array($0.utf8) }

  private static let texts: [[UInt8]] =
    [
      "\"", "\\", "\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\u{FEFF}", "é", "e\u{301}",
      "\u{0}", "\r\n", "\n\n", "\t", "\u{1B}[31m", "😀", "\u{202E}", "null", "true", "false", "{}",
      "[]", "{\"", "\":", "\",\"", "],[", "},{", "//", "/*", "..", "../../etc", " ",
      String(repeating: "[", count: 100), String(repeating: "{\"a\":", count: 100),
      String(repeating: "x", count: 3000),
    ].map { Array($0.utf8) } + [
      [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF, 0xFE], [0x80],
    ] + numbers
}
