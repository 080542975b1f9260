/// Splits a text into words: the `pre_tokenizer` of a `tokenizer.json`.
indirect enum PreTokenizer: Sendable {
  /// At white space, and around punctuation.
  case bert
  /// GPT-2's words, each byte then a printable character.
  case byteLevel(addsSpace: Bool, splits: Bool)
  /// Runs of word characters, and of others but white space.
  case whitespace
  /// At white space.
  case whitespaceSplit
  /// A mark in place of each space, and before words.
  case metaspace(Unicode.Scalar, Scheme, splits: Bool)
  case split(TextPattern, Behavior, isInverted: Bool)
  case digits(individually: Bool)
  case punctuation(Behavior)
  /// At a character, which is left out.
  case delimiter(Unicode.Scalar)
  case sequence([PreTokenizer])

  /// When the mark for a space is put before a text.
  enum Scheme: String, Sendable { case always, never, first }

  /// Where the matches of a pattern go.
  enum Behavior: String, Sendable {
    case isolated = "Isolated"
    case removed = "Removed"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  /// A part of the text.
  struct Word {
    var text: ArraySlice<Unicode.Scalar>
    /// Whether it begins where the text as it was given begins.
    var isFirst: Bool
  }

  /// The words of each of `words`, without empty ones.
  func applied(to words: [Word]) -> [Word] {
    switch self {
    case .sequence(let parts): return parts.reduce(words) { $1.applied(to: $0) }
    case .bert:
      return PreTokenizer.punctuation(.isolated).applied(
        to: PreTokenizer.whitespaceSplit.applied(to: words))
    default:
      var result: [Word] = []
      for word in words { append(word, to: &result) }
      return result
    }
  }

  private func append(_ word: Word, to result: inout [Word]) {
    func add(_ ranges: [Range<Int>], of text: ArraySlice<Unicode.Scalar>) {
      for range in ranges where !range.isEmpty {
        result.append(
          Word(text: text[range], isFirst: word.isFirst && range.lowerBound == text.startIndex))
      }
    }
    func split(_ behavior: Behavior, at isMatch: (Unicode.Scalar) -> Bool) {
      add(behavior.ranges(Self.parts(of: word.text, isMatch)), of: word.text)
    }
    switch self {
    case .sequence, .bert: break
    case .whitespaceSplit: split(.removed) { $0.properties.isWhitespace }
    case .delimiter(let delimiter): split(.removed) { $0 == delimiter }
    case .punctuation(let behavior): split(behavior) { ScalarKind($0) == .punctuation }
    case .digits(let individually):
      split(individually ? .isolated : .contiguous) { $0.isNumberOfAnyVersion }
    case .whitespace: add(Self.wordRuns(of: word.text), of: word.text)
    case .split(let pattern, let behavior, let isInverted):
      let parts = pattern.parts(of: word.text).map { ($0, $1 != isInverted) }
      add(behavior.ranges(parts), of: word.text)
    case .byteLevel(let addsSpace, let splits):
      let text = addsSpace && word.text.first != " " ? [" "] + word.text : word.text
      let ranges = splits ? Self.wordsOfGPT2(text) : [text.startIndex..<text.endIndex]
      for range in ranges where !range.isEmpty {
        result.append(
          Word(
            text: Array(text[range]).byteCharacters[...],
            isFirst: word.isFirst && range.lowerBound == text.startIndex))
      }
    case .metaspace(let mark, let scheme, let splits):
      var text = word.text.map { $0 == " " ? mark : $0 }[...]
      if text.first != mark, scheme == .always || (scheme == .first && word.isFirst) {
        text = [mark] + text
      }
      guard splits else { return add([text.startIndex..<text.endIndex], of: text) }
      add(Behavior.mergedWithNext.ranges(Self.parts(of: text) { $0 == mark }), of: text)
    }
  }

  /// Each matching character alone, and the texts between them.
  private static func parts(
    of text: ArraySlice<Unicode.Scalar>, _ isMatch: (Unicode.Scalar) -> Bool
  ) -> [(range: Range<Int>, isMatch: Bool)] {
    var result: [(Range<Int>, Bool)] = []
    var start = text.startIndex
    for position in text.indices where isMatch(text[position]) {
      if start < position { result.append((start..<position, false)) }
      result.append((position..<position + 1, true))
      start = position + 1
    }
    if start < text.endIndex { result.append((start..<text.endIndex, false)) }
    return result
  }

  /// The matches of `\w+|[^\w\s]+`.
  private static func wordRuns(of text: ArraySlice<Unicode.Scalar>) -> [Range<Int>] {
    func kind(_ scalar: Unicode.Scalar) -> Int {
      scalar.isWordCharacter || scalar.properties.isJoinControl
        ? 0 : scalar.properties.isWhitespace ? 1 : 2
    }
    var result: [Range<Int>] = []
    var start = text.startIndex
    while start < text.endIndex {
      let first = kind(text[start])
      var end = start + 1
      while end < text.endIndex, kind(text[end]) == first { end += 1 }
      if first != 1 { result.append(start..<end) }
      start = end
    }
    return result
  }

  /// GPT-2's words: contractions, and runs of letters, of numbers or of others with a space before
  /// them; white space up to the space before the next word.
  ///
  ///     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  ///
  /// - Source: <https://github.com/openai/gpt-2/blob/master/src/encoder.py>
  private static func wordsOfGPT2(_ text: ArraySlice<Unicode.Scalar>) -> [Range<Int>] {
    enum Kind { case letter, number, space, other }
    func kind(_ position: Int) -> Kind {
      let scalar = text[position]
      if scalar.isLetter { return .letter }
      if scalar.isNumber { return .number }
      return scalar.properties.isWhitespace ? .space : .other
    }
    func endOfRun(_ start: Int) -> Int {
      let first = kind(start)
      var end = start + 1
      while end < text.endIndex, kind(end) == first { end += 1 }
      return end
    }
    var result: [Range<Int>] = []
    var start = text.startIndex
    while start < text.endIndex {
      var end: Int
      if text[start] == "'", let length = lengthOfContraction(text[(start + 1)...]) {
        end = start + 1 + length
      } else if text[start] == " ", start + 1 < text.endIndex, kind(start + 1) != .space {
        end = endOfRun(start + 1)
      } else {
        end = endOfRun(start)
        // The last white space belongs to the next word, or stands alone if it is not a space.
        if kind(start) == .space, end < text.endIndex, end > start + 1 { end -= 1 }
      }
      result.append(start..<end)
      start = end
    }
    return result
  }

  /// The length of the contraction that the text after an apostrophe begins with.
  private static func lengthOfContraction(_ text: ArraySlice<Unicode.Scalar>) -> Int? {
    guard let first = text.first else { return nil }
    switch first {
    case "s", "t", "m", "d": return 1
    case "r", "v": return text.dropFirst().first == "e" ? 2 : nil
    case "l": return text.dropFirst().first == "l" ? 2 : nil
    default: return nil
    }
  }
}

extension PreTokenizer.Behavior {
  /// The ranges that remain of matches and the texts between them.
  func ranges(_ parts: [(range: Range<Int>, isMatch: Bool)]) -> [Range<Int>] {
    switch self {
    case .isolated: return parts.map(\.range)
    case .removed: return parts.filter { !$0.isMatch }.map(\.range)
    case .contiguous:
      return joined(parts) { $0 == $1 }
    case .mergedWithPrevious:
      return joined(parts) { previous, current in current && !previous }
    case .mergedWithNext:
      let reversed = joined(parts.reversed()) { previous, current in current && !previous }
      return reversed.reversed()
    }
  }

  /// Joins each part to the one before it where `isJoined` says so.
  private func joined(
    _ parts: [(range: Range<Int>, isMatch: Bool)], _ isJoined: (Bool, Bool) -> Bool
  ) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var previous = false
    for (range, isMatch) in parts {
      if let last = result.last, isJoined(previous, isMatch) {
        result[result.count - 1] =
          min(last.lowerBound, range.lowerBound)..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
      previous = isMatch
    }
    return result
  }
}
