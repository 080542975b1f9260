/// A canonical Huffman code: codes of one length rise with their symbols, shorter ones come first.
struct PrefixCode {
  /// The longest code that DEFLATE has.
  static let longest = 15

  /// How many codes have each length.
  private var counts = [Int](repeating: 0, count: longest + 1)
  /// The symbols by length, then by value.
  private var symbols: [Int]

  /// The code of symbols with the given lengths (0: no code); nil where there is none.
  init?(lengths: [UInt8]) {
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    var free = 1
    for length in 1...Self.longest {
      free = 2 * free - counts[length]
      if free < 0 { return nil }
    }
    symbols = lengths.indices.filter { lengths[$0] > 0 }
      .sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    // Codes that leave bit patterns unused are allowed only with a single code, or none.
    if free > 0 && symbols.count > 1 { return nil }
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
