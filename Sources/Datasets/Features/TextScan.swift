import Storage

/// A text in lower case, split into words; reusable for many texts one after the other.
///
/// A word is `[a-z0-9]+(\+\+|#)?` of the lower-cased text ("c++", "c#"), where letters, digits
/// and combining marks outside ASCII count as `[a-z0-9]`.
///
/// Scripts written without spaces give long words, unless `separatesScripts` is set. Then their
/// characters do not form words: they go to `runs`, a blank replaces them in `bytes`, and Hangul
/// goes to `runs` in addition to its words. In a text written mostly in such scripts
/// (`TextWriting.isUnspaced`) blanks replace line ends, so that the whole text is its lead; its
/// title may not contain their characters, and white space always becomes one blank.
struct TextScan: ~Copyable {
  /// A word: its bytes, and whether a title, lead or paragraph ended just before it.
  struct Word: BitwiseCopyable {
    var start: Int
    var end: Int
    var startsPart: Bool
  }

  /// The lower-cased UTF-8, of which `byteCount` bytes are valid.
  private(set) var bytes: UnsafeMutableRawBufferPointer
  private(set) var byteCount = 0
  private(set) var words: [Word] = []
  /// The XXH64 of each word.
  private(set) var hashes: [UInt64] = []
  /// The characters of scripts without separated words; empty unless scripts are separated.
  private(set) var runs = CharacterRuns()
  /// Whether the text continues after the last word that counts.
  private(set) var isCut = false

  private var titleEnd = 0
  private var titleWords = 0
  private var summaryStart = 0
  private var leadEnd = 0
  private var leadWords = 0

  private var input = UnsafeRawBufferPointer(start: nil, count: 0)
  private var position = 0
  private var wordStart = -1
  private var partEnded = false
  private var separatesScripts = false
  private var isUnspaced = false

  init() { bytes = .allocate(byteCount: 1 << 12, alignment: 8) }

  deinit { bytes.deallocate() }

  /// The indices in `words` of the part `scope`.
  func words(of scope: TextFeatures.Family.Scope) -> Range<Int> {
    switch scope {
    case .text: 0..<words.count
    case .lead: 0..<leadWords
    case .title: 0..<titleWords
    case .summary: titleWords..<leadWords
    }
  }

  /// The indices in `bytes` of the part `scope`.
  func bytes(of scope: TextFeatures.Family.Scope) -> Range<Int> {
    switch scope {
    case .text: 0..<byteCount
    case .lead: 0..<leadEnd
    case .title: 0..<titleEnd
    case .summary: summaryStart..<leadEnd
    }
  }

  /// Replaces the contents with those of `text`, up to `limit` words; each character of `runs`
  /// counts as one.
  mutating func scan(
    _ text: UnsafeRawBufferPointer, limit: Int, separatesScripts: Bool = false
  ) {
    start(text)
    self.separatesScripts = separatesScripts
    isUnspaced = separatesScripts && TextWriting(text).isUnspaced
    var inLead = true
    var hasTitle = false
    // Whether the line so far is white space, which separates paragraphs.
    var lineIsBlank = false
    while position < input.count, words.count + runs.count < limit {
      let byte = input[position]
      let lower = Self.lowerCase[Int(byte)]
      if lower != 0 {
        if wordStart < 0 { wordStart = byteCount }
        put(lower)
        position += 1
        continue
      }
      if byte >= 0x80 {
        scanScalar()
        lineIsBlank = false
        continue
      }
      endWord()
      guard position < input.count else { break }
      // A suffix such as ++ has been added to the word.
      let separator = input[position]
      if Self.lowerCase[Int(separator)] != 0 || separator >= 0x80 { continue }
      if isUnspaced {
        let isTitle =
          !hasTitle && !runs.hasUnspaced && separator == UInt8(ascii: ":")
          && position + 1 < input.count && input[position + 1] <= UInt8(ascii: " ")
        if isTitle {
          hasTitle = true
          (titleEnd, titleWords, summaryStart) = (byteCount, words.count, byteCount + 2)
          partEnded = true
        }
        separator <= UInt8(ascii: " ") ? putBlank() : put(separator)
        position += 1
        continue
      }
      if separator == UInt8(ascii: "\n") {
        if inLead {
          inLead = false
          endLead()
        } else if lineIsBlank {
          partEnded = true
        }
        lineIsBlank = true
      } else if inLead, !hasTitle, separator == UInt8(ascii: ":"), position + 1 < input.count,
        input[position + 1] == UInt8(ascii: " ")
      {
        hasTitle = true
        (titleEnd, titleWords, summaryStart) = (byteCount, words.count, byteCount + 2)
        partEnded = true
      } else if separator > UInt8(ascii: " ") {
        lineIsBlank = false
      }
      put(separator)
      position += 1
    }
    endWord()
    if inLead { endLead() }
    isCut = hasWord(from: position)
  }

  /// Whether there is a letter or a digit from `start` on; invalid bytes count.
  private func hasWord(from start: Int) -> Bool {
    input[start...].contains { Self.lowerCase[Int($0)] != 0 || $0 >= 0x80 }
  }

  private mutating func start(_ text: UnsafeRawBufferPointer) {
    // Lower case takes at most 3 bytes for 2, so twice the length always suffices.
    let needed = 2 * text.count + 16
    if bytes.count < needed {
      bytes.deallocate()
      bytes = .allocate(byteCount: needed, alignment: 8)
    }
    words.removeAll(keepingCapacity: true)
    hashes.removeAll(keepingCapacity: true)
    runs.removeAll()
    (titleEnd, titleWords, summaryStart, leadEnd, leadWords) = (0, 0, 0, 0, 0)
    (input, position, byteCount, wordStart, partEnded) = (text, 0, 0, -1, false)
  }

  private mutating func endLead() {
    leadWords = words.count
    leadEnd = byteCount
    // A text may be cut between the two characters that end the title.
    summaryStart = min(summaryStart, leadEnd)
    if leadEnd > summaryStart, bytes[leadEnd - 1] == UInt8(ascii: "\r") { leadEnd -= 1 }
    partEnded = true
  }

  /// Ends the word before `position`, including a suffix.
  private mutating func endWord() {
    guard wordStart >= 0 else { return }
    let rest = input.count - position
    if rest >= 2, input[position] == UInt8(ascii: "+"), input[position + 1] == UInt8(ascii: "+") {
      put(UInt8(ascii: "+"))
      put(UInt8(ascii: "+"))
      position += 2
    } else if rest >= 1, input[position] == UInt8(ascii: "#") {
      put(UInt8(ascii: "#"))
      position += 1
    }
    words.append(Word(start: wordStart, end: byteCount, startsPart: partEnded))
    hashes.append(XXHash64.hash(UnsafeRawBufferPointer(rebasing: bytes[wordStart..<byteCount])))
    wordStart = -1
    partEnded = false
  }

  /// Processes one non-ASCII character; invalid bytes separate words.
  private mutating func scanScalar() {
    let length = UTF8Scalars.length(input, at: position)
    guard length > 1, let scalar = UTF8Scalars.scalar(input, at: position, length: length) else {
      endWord()
      put(input[position])
      position += 1
      return
    }
    if separatesScripts, isTaken(scalar, length: length) {
      position += length
      return
    }
    let properties = scalar.properties
    if properties.isPartOfWord {
      if wordStart < 0 { wordStart = byteCount }
    } else {
      endWord()
    }
    if isUnspaced, scalar.isBlank {
      putBlank()
    } else {
      for byte in properties.lowercaseMapping.utf8 { put(byte) }
    }
    position += length
  }

  /// Adds the character to `runs` if its script is separated; false if it also belongs to a word.
  private mutating func isTaken(_ scalar: Unicode.Scalar, length: Int) -> Bool {
    let range = position..<position + length
    guard let script = CharacterScript(scalar) else {
      return runs.append(mark: scalar, at: range)
    }
    runs.append(scalar, of: script, at: range, in: input)
    guard script == .unspaced else { return false }
    endWord()
    putBlank()
    partEnded = true
    return true
  }

  private mutating func put(_ byte: UInt8) {
    bytes[byteCount] = byte
    byteCount += 1
  }

  /// Appends a blank unless there is one already.
  private mutating func putBlank() {
    guard byteCount > 0, bytes[byteCount - 1] != UInt8(ascii: " ") else { return }
    put(UInt8(ascii: " "))
  }

  /// The lower case of each ASCII letter and digit, 0 for every other byte.
  private static let lowerCase: [UInt8] = (0..<256).map { byte in
    switch UInt8(byte) {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): UInt8(byte)
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt8(byte) + 32
    default: 0
    }
  }
}
