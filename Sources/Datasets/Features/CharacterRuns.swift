/// The characters of a text in scripts for which spaces are not enough, in runs without anything
/// else between them.
///
/// White space and invisible characters do not end a run of an unspaced script: lines of such text
/// end anywhere, inside words too. They do end a run of Hangul.
struct CharacterRuns {
  /// The UTF-8 of all runs.
  private(set) var bytes: [UInt8] = []
  /// Where each character starts in `bytes`; marks are part of the character before them.
  private(set) var starts: [Int] = []
  /// Which characters start a run, in rising order.
  private(set) var firsts: [Int] = []
  /// Whether there is an unspaced script among them.
  private(set) var hasUnspaced = false

  private var script: CharacterScript?
  /// Where in the text the last run ended.
  private var end = 0

  /// The number of characters.
  var count: Int { starts.count }

  /// Makes the runs those of no text, and keeps the memory.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    firsts.removeAll(keepingCapacity: true)
    (hasUnspaced, script, end) = (false, nil, 0)
  }

  /// Takes in a character of `text`, all of it in rising order.
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

  /// Takes in a mark of no script that stands on the last character; false where it does not.
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
  /// Whether the character is white space or cannot be seen.
  var isBlank: Bool { properties.isWhitespace || properties.generalCategory == .format }
}
