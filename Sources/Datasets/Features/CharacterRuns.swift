/// The characters of a text in scripts for which spaces do not separate words, in runs without
/// anything else between them.
///
/// White space and invisible characters do not end a run of an unspaced script: lines of such text
/// may end anywhere, even inside words. They do end a run of Hangul.
struct CharacterRuns {
  /// The UTF-8 of all runs.
  private(set) var bytes: [UInt8] = []
  /// The start of each character in `bytes`; marks belong to the character before them.
  private(set) var starts: [Int] = []
  /// The characters that start a run, in ascending order.
  private(set) var firsts: [Int] = []
  /// Whether any of them is of an unspaced script.
  private(set) var hasUnspaced = false

  private var script: CharacterScript?
  /// The position in the text where the last run ended.
  private var end = 0

  /// The number of characters.
  var count: Int { starts.count }

  /// Removes all runs, but keeps the memory.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    firsts.removeAll(keepingCapacity: true)
    (hasUnspaced, script, end) = (false, nil, 0)
  }

  /// Adds a character of `text`; call it in ascending order.
  mutating func append(
    _ scalar: Unicode.Scalar, of script: CharacterScript, at range: Range<Int>,
    in text: UnsafeRawBufferPointer
  ) {
    let continues = script == self.script && isContinued(to: range.lowerBound, in: text)
    if !continues { firsts.append(starts.count) }
    if !continues || range.lowerBound > end || !CharacterScript.joins(scalar) {
      starts.append(bytes.count)
    }
    bytes.append(contentsOf: text[range])
    (self.script, end) = (script, range.upperBound)
    if script == .unspaced { hasUnspaced = true }
  }

  /// Adds a mark of no script that belongs to the last character; false if it does not.
  mutating func append(mark scalar: Unicode.Scalar, at range: Range<Int>) -> Bool {
    guard script == .unspaced, range.lowerBound == end, scalar.properties.isMark else {
      return false
    }
    if !CharacterScript.isVariationSelector(scalar) {
      bytes.append(contentsOf: String(scalar).utf8)
    }
    end = range.upperBound
    return true
  }

  /// The characters of each run.
  var ranges: [Range<Int>] {
    zip(firsts, firsts.dropFirst() + [starts.count]).map { $0..<$1 }
  }

  private func isContinued(to start: Int, in text: UnsafeRawBufferPointer) -> Bool {
    guard script == .unspaced else { return start == end }
    var position = end
    while position < start {
      guard text[position] >= 0x80 else {
        guard text[position] <= UInt8(ascii: " ") else { return false }
        position += 1
        continue
      }
      let length = UTF8Scalars.length(text, at: position)
      guard length > 1, let scalar = UTF8Scalars.scalar(text, at: position, length: length),
        scalar.isBlank
      else { return false }
      position += length
    }
    return true
  }
}

extension Unicode.Scalar {
  /// Whether the character is white space or invisible.
  var isBlank: Bool { properties.isWhitespace || properties.generalCategory == .format }
}
