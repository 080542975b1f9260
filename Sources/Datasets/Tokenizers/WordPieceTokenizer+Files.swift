import Storage

extension WordPieceTokenizer {
  /// Reads a vocabulary with one piece a line; the first line's id is 0.
  ///
  /// - Throws: `FileError` when the file cannot be read, `InputError` when a line is not UTF-8 or a
  ///   special token is missing.
  public init(vocabularyFile path: String, configuration: Configuration = .init()) throws {
    let file = try MappedFile(path: path)
    let pieces = try file.withBytes { bytes in
      var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      // The text after the last line end is not a line.
      if lines.last?.isEmpty == true { lines.removeLast() }
      return try lines.enumerated().map { number, line in
        guard String(validating: line, as: UTF8.self) != nil else {
          throw InputError(
            file: path, line: number + 1, reason: "the line is not UTF-8", expected: "one piece")
        }
        // As in the reference; lines of some published files end in a carriage return.
        let end = line.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? line.startIndex
        return (bytes: Array(line[line.startIndex..<end]), id: Int32(truncatingIfNeeded: number))
      }
    }
    try self.init(pieces: pieces, configuration: configuration, file: path)
  }

  /// Reads the vocabulary and the options of a `tokenizer.json` of the package `tokenizers`.
  ///
  /// Its truncation and padding are ignored: they are arguments of the call. So are its added
  /// tokens: BERT's special tokens are known, and there are no others.
  ///
  /// - Throws: `FileError` when the file cannot be read, `InputError` when it is not the JSON of a
  ///   WordPiece model with BERT's normalisation.
  public init(tokenizerFile path: String) throws {
    let file = try MappedFile(path: path)
    var reader = TokenizerFileReader()
    try file.withBytes { bytes in
      do throws(LineFault) {
        try reader.read(bytes)
      } catch {
        let before = bytes[..<min(error.position ?? 0, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        throw error.inputError(file: path, line: line, lineStart: lineStart)
      }
    }
    try self.init(pieces: reader.pieces, configuration: reader.configuration, file: path)
  }
}

/// Reads the WordPiece model in a `tokenizer.json`.
private struct TokenizerFileReader {
  var pieces: [(bytes: [UInt8], id: Int32)] = []
  var configuration = WordPieceTokenizer.Configuration()

  mutating func read(_ bytes: UnsafeRawBufferPointer) throws(LineFault) {
    var cursor = JSONCursor(bytes, in: 0..<bytes.count)
    try cursor.object { (cursor, key) throws(LineFault) in
      switch key.decoded(from: bytes) {
      case "model": try readModel(&cursor)
      case "normalizer": try readNormalizer(&cursor)
      case "pre_tokenizer":
        try cursor.object { (cursor, key) throws(LineFault) in
          guard key.matches("type", in: bytes) else { return try cursor.skipValue() }
          try require("BertPreTokenizer", &cursor)
        }
      default: try cursor.skipValue()
      }
    }
    try cursor.finish()
  }

  private mutating func readModel(_ cursor: inout JSONCursor) throws(LineFault) {
    let bytes = cursor.bytes
    try cursor.object { (cursor, key) throws(LineFault) in
      switch key.decoded(from: bytes) {
      case "type": try require("WordPiece", &cursor)
      case "continuing_subword_prefix": try require("##", &cursor)
      case "unk_token": try require("[UNK]", &cursor)
      case "max_input_chars_per_word":
        configuration.maximumWordLength = Int(try integer(&cursor))
      case "vocab":
        try cursor.object { (cursor, piece) throws(LineFault) in
          let text = piece.withUTF8(in: bytes) { Array($0) }
          pieces.append((text, try integer(&cursor)))
        }
      default: try cursor.skipValue()
      }
    }
  }

  private mutating func readNormalizer(_ cursor: inout JSONCursor) throws(LineFault) {
    let bytes = cursor.bytes
    try cursor.object { (cursor, key) throws(LineFault) in
      switch key.decoded(from: bytes) {
      case "type": try require("BertNormalizer", &cursor)
      case "clean_text": configuration.cleansText = try truth(&cursor) ?? true
      case "handle_chinese_chars": configuration.separatesIdeographs = try truth(&cursor) ?? true
      case "strip_accents": configuration.stripsAccents = try truth(&cursor)
      case "lowercase": configuration.isLowercased = try truth(&cursor) ?? true
      default: try cursor.skipValue()
      }
    }
  }

  /// Reads a string that must be `expected`.
  private func require(_ expected: String, _ cursor: inout JSONCursor) throws(LineFault) {
    let text = try cursor.string().decoded(from: cursor.bytes)
    guard text == expected else {
      throw LineFault(
        position: cursor.position, reason: "\"\(text)\" is not supported", expected: expected)
    }
  }

  private func integer(_ cursor: inout JSONCursor) throws(LineFault) -> Int32 {
    let number = try cursor.number()
    guard let result = Int32(exactly: number), result >= 0 else {
      throw LineFault(
        position: cursor.position, reason: "\(number) is not an id",
        expected: "a whole number of at least 0")
    }
    return result
  }

  /// Reads a truth value; null is nil.
  private func truth(_ cursor: inout JSONCursor) throws(LineFault) -> Bool? {
    let start = cursor.position
    try cursor.skipValue()
    let text = String(decoding: cursor.bytes[start..<cursor.position], as: UTF8.self)
    switch text.drop(while: \.isWhitespace) {
    case "true": return true
    case "false": return false
    case "null": return nil
    default:
      throw LineFault(
        position: start, reason: "\(text) is not a truth value", expected: "true or false")
    }
  }
}
