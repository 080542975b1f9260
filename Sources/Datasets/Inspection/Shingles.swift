/// The set of a text's runs of three words, hashed, for comparing texts.
///
/// A word is a run of letters and digits in lower case; non-ASCII bytes belong to words unchanged.
/// A text of fewer than three words is one run; one without words has none.
struct Shingles {
  /// The number of words of a run.
  static let length = 3
  /// Ascending, without repetitions.
  let hashes: [UInt64]
  /// The number of words of the text.
  let wordCount: Int

  init(_ text: UnsafeRawBufferPointer) {
    var words: [UInt64] = []
    var word: UInt64 = 0
    var isInside = false
    for byte in text {
      guard let letter = Self.letter(byte) else {
        if isInside { words.append(word) }
        isInside = false
        continue
      }
      // FNV-1a.
      word = ((isInside ? word : 0xcbf2_9ce4_8422_2325) ^ UInt64(letter)) &* 0x100_0000_01b3
      isInside = true
    }
    if isInside { words.append(word) }
    wordCount = words.count
    guard !words.isEmpty else {
      hashes = []
      return
    }
    let run = min(Self.length, words.count)
    var all = (0...(words.count - run)).map { start in
      words[start..<(start + run)].reduce(UInt64(run)) { Self.mixed($0 ^ $1) }
    }
    all.sort()
    var distinct: [UInt64] = []
    for hash in all where hash != distinct.last { distinct.append(hash) }
    hashes = distinct
  }

  /// |A ∩ B| / |A ∪ B|; 0 if either set is empty.
  func similarity(to other: Shingles) -> Double {
    var (i, j, common) = (0, 0, 0)
    while i < hashes.count, j < other.hashes.count {
      if hashes[i] == other.hashes[j] {
        common += 1
        i += 1
        j += 1
      } else if hashes[i] < other.hashes[j] {
        i += 1
      } else {
        j += 1
      }
    }
    return common == 0 ? 0 : Double(common) / Double(hashes.count + other.hashes.count - common)
  }

  static func letter(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
    case 0x80...: byte
    default: nil
    }
  }

  /// The finaliser of MurmurHash3, which makes every bit depend on all others.
  static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 33)) &* 0xff51_afd7_ed55_8ccd
    z = (z ^ (z >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return z ^ (z >> 33)
  }
}
