/// A canonical Huffman code: codes of one length rise with their symbols, shorter ones come first.
struct PrefixCode {
  /// The longest code that JPEG has; DEFLATE's have 15 bits.
  static let longest = 16

  /// How many codes have each length.
  private var counts = [Int](repeating: 0, count: longest + 1)
  /// The symbols by length, then by value.
  private var symbols: [Int]

  /// The code of symbols with the given lengths (0: no code); nil where there is none.
  init?(lengths: [UInt8]) {
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    symbols = lengths.indices.filter { lengths[$0] > 0 }
      .sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    // Codes that leave bit patterns unused are allowed only with a single code, or none.
    let free = spareCodes()
    if free < 0 || (free > 0 && symbols.count > 1) { return nil }
  }

  /// The code with so many codes of each length from 1, whose symbols are given by length; nil where
  /// there is none.
  init?(counts: [Int], symbols: [Int]) {
    guard counts.count <= Self.longest, counts.reduce(0, +) == symbols.count else { return nil }
    for (place, count) in counts.enumerated() { self.counts[place + 1] = count }
    self.symbols = symbols
    guard spareCodes() >= 0 else { return nil }
  }

  /// How many codes of the greatest length are left over; below 0 there are too many codes.
  private func spareCodes() -> Int {
    (1...Self.longest).reduce(1) { free, length in free < 0 ? free : 2 * free - counts[length] }
  }

  /// How far a code has been read.
  struct Walk {
    var length = 0
    fileprivate var code = 0
    fileprivate var first = 0
    fileprivate var place = 0
  }

  /// Takes a further bit; the symbol where the code is complete.
  func step(_ walk: inout Walk, bit: Int) -> Int? {
    walk.length += 1
    walk.code = walk.code << 1 | bit
    walk.first <<= 1
    let count = counts[walk.length]
    if walk.code < walk.first + count { return symbols[walk.place + walk.code - walk.first] }
    walk.place += count
    walk.first += count
    return nil
  }

  /// The code of literals and lengths that needs no description.
  static let fixedLiterals = fixed(
    (0..<288).map { $0 < 144 ? 8 : $0 < 256 ? 9 : $0 < 280 ? 7 : 8 })
  /// The code of distances that needs no description.
  static let fixedDistances = fixed([UInt8](repeating: 5, count: 32))

  private static func fixed(_ lengths: [UInt8]) -> PrefixCode {
    guard let code = PrefixCode(lengths: lengths) else { fatalError("RFC 1951's code is no code") }
    return code
  }
}
