import Foundation

/// The state of tokenising one text.
struct WordPiecePass {
  private let tokenizer: WordPieceTokenizer
  private let stripsAccents: Bool
  /// The ids so far, `[CLS]` included, before `[SEP]`.
  private var ids: [Int32]
  private let limit: Int
  /// The current word, normalised.
  private var word: [UInt8] = []
  private var wordLength = 0
  /// Non-ASCII characters that wait to be decomposed together.
  private var run = String.UnicodeScalarView()

  /// Starts with `[CLS]`.
  init(_ tokenizer: WordPieceTokenizer, limit: Int) {
    self.tokenizer = tokenizer
    self.limit = limit
    stripsAccents = tokenizer.configuration.stripsAccents ?? tokenizer.configuration.isLowercased
    ids = [tokenizer.classID]
  }

  /// Whether further ids would be truncated.
  var isFull: Bool { ids.count >= limit }

  /// Adds an id that is not made from characters.
  mutating func append(_ id: Int32) { ids.append(id) }

  /// The ids with `[SEP]` at the end.
  consuming func finished() -> [Int32] {
    if ids.count > limit { ids.removeLast(ids.count - limit) }
    ids.append(tokenizer.separatorID)
    return ids
  }

  /// Adds the ids of the UTF-8 `text`.
  mutating func read(_ text: UnsafeBufferPointer<UInt8>) {
    let configuration = tokenizer.configuration
    let kinds = configuration.cleansText ? Self.kindsOfASCII : Self.kindsOfRawASCII
    var position = 0
    while position < text.count {
      let byte = text[position]
      if byte < 0x80 {
        position += 1
        switch kinds[Int(byte)] {
        case .dropped where configuration.cleansText: continue
        case .dropped, .plain, .nonspacingMark:
          endRun()
          word.append(
            configuration.isLowercased && (0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
          wordLength += 1
        case .space:
          endRun()
          endWord()
        case .punctuation:
          endRun()
          endWord()
          word.append(byte)
          wordLength = 1
          endWord()
        }
        if isFull { break }
      } else {
        let (scalar, length) = Self.scalar(in: text, at: position)
        position += length
        take(scalar)
      }
    }
    endRun()
    endWord()
  }

  private static let kindsOfASCII = (0..<128).map { ScalarKind(Unicode.Scalar(UInt8($0))) }
  private static let kindsOfRawASCII = (0..<128).map {
    ScalarKind(Unicode.Scalar(UInt8($0)), isCleaned: false)
  }

  /// The character at `position` of valid UTF-8; it is not ASCII.
  private static func scalar(in text: UnsafeBufferPointer<UInt8>, at position: Int)
    -> (Unicode.Scalar, Int)
  {
    let lead = UInt32(text[position])
    let length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    var value = lead & (0x7F >> UInt32(length))
    for byte in text[(position + 1)..<(position + length)] {
      value = value << 6 | UInt32(byte & 0x3F)
    }
    return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
  }

  /// Cleans the text and separates ideographs: the steps before accents and case.
  private mutating func take(_ scalar: Unicode.Scalar) {
    let configuration = tokenizer.configuration
    let kind = ScalarKind(scalar, isCleaned: configuration.cleansText)
    if configuration.cleansText && kind == .dropped { return }
    if kind == .space {
      endRun()
      endWord()
    } else if configuration.separatesIdeographs && scalar.isSeparatedIdeograph {
      endRun()
      endWord()
      run.append(scalar)
      endRun()
      endWord()
    } else if stripsAccents && !scalar.isDecomposable {
      endRun()
      emit(scalar)
    } else if stripsAccents {
      run.append(scalar)
    } else {
      emit(scalar)
    }
  }

  /// Strips the accents of the waiting characters; marks are only reordered among themselves, so a
  /// run can be decomposed separately from the ASCII around it.
  private mutating func endRun() {
    guard !run.isEmpty else { return }
    let characters = run
    run = String.UnicodeScalarView()
    for scalar in String(characters).decomposedStringWithCanonicalMapping.unicodeScalars
    where !stripsAccents || ScalarKind(scalar) != .nonspacingMark { emit(scalar) }
  }

  private mutating func emit(_ scalar: Unicode.Scalar) {
    if tokenizer.configuration.isLowercased {
      for lowered in scalar.properties.lowercaseMapping.unicodeScalars { place(lowered) }
    } else {
      place(scalar)
    }
  }

  private mutating func place(_ scalar: Unicode.Scalar) {
    switch ScalarKind(scalar, isCleaned: tokenizer.configuration.cleansText) {
    case .space: endWord()
    case .punctuation:
      endWord()
      word.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      wordLength = 1
      endWord()
    case .plain, .nonspacingMark, .dropped:
      word.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      wordLength += 1
    }
  }

  private mutating func endWord() {
    guard !word.isEmpty else { return }
    if !isFull { cut() }
    word.removeAll(keepingCapacity: true)
    wordLength = 0
  }

  private mutating func cut() {
    let before = ids.count
    guard wordLength <= tokenizer.configuration.maximumWordLength else {
      ids.append(tokenizer.unknownID)
      return
    }
    let isKnown = word.withUnsafeBufferPointer { word in
      var start = 0
      while start < word.count {
        let rest = UnsafeBufferPointer(rebasing: word[start...])
        let table = start == 0 ? tokenizer.beginnings : tokenizer.continuations
        guard let piece = table.longestPrefix(of: rest) else { return false }
        ids.append(piece.id)
        start += piece.length
      }
      return true
    }
    if !isKnown {
      ids.removeLast(ids.count - before)
      ids.append(tokenizer.unknownID)
    }
  }
}
