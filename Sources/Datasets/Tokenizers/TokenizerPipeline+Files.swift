import Storage

extension TokenizerPipeline {
  /// Reads a `tokenizer.json` of the package `tokenizers`.
  ///
  /// - Throws: `FileError` when the file cannot be read; `InputError` when it is damaged, or names a
  ///   part that is not supported.
  public init(tokenizerFile path: String) throws {
    let file = try MappedFile(path: path)
    self = try file.withBytes { bytes in
      // Positions within the vocabulary have 32 bits.
      guard bytes.count < Int(Int32.max) else {
        throw InputError(file: path, reason: "the file is too large", expected: "below 2 GB")
      }
      do throws(LineFault) {
        var reader = PipelineReader()
        return try reader.read(bytes)
      } catch {
        let before = bytes[..<min(error.position ?? 0, bytes.count)]
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        throw error.inputError(file: path, line: line, lineStart: lineStart)
      }
    }
  }
}

/// Reads the parts of a `tokenizer.json`.
private struct PipelineReader {
  private var parts: [String: TokenizerValue] = [:]
  private var model = ModelReader()

  mutating func read(_ bytes: UnsafeRawBufferPointer) throws(LineFault) -> TokenizerPipeline {
    var cursor = JSONCursor(bytes, in: 0..<bytes.count)
    var hasModel = false
    try cursor.object { (cursor, key) throws(LineFault) in
      let key = key.decoded(from: bytes)
      if key == "model" {
        try model.read(&cursor)
        hasModel = true
      } else {
        parts[key] = try TokenizerValue(&cursor)
      }
    }
    try cursor.finish()
    guard hasModel else { throw LineFault(reason: "the model is missing", expected: "a tokenizer") }
    return try pipeline()
  }

  private func part(_ name: String) -> TokenizerValue? {
    parts[name].flatMap { $0.isNull ? nil : $0 }
  }

  private func pipeline() throws(LineFault) -> TokenizerPipeline {
    let made = try model.model()
    var added: [AddedTokens.Token] = []
    if let list = part("added_tokens") {
      for entry in try list.array() {
        added.append(
          AddedTokens.Token(
            id: try entry.member("id").integer(),
            content: Array(try entry.member("content").string().unicodeScalars),
            isWholeWord: try entry.flag("single_word", or: false),
            takesSpaceBefore: try entry.flag("lstrip", or: false),
            takesSpaceAfter: try entry.flag("rstrip", or: false),
            isNormalized: try entry.flag("normalized", or: true)))
      }
    }
    var normalizer: TextNormalizer?
    if let value = part("normalizer") { normalizer = try TextNormalizer(value) }
    var preTokenizer: PreTokenizer?
    if let value = part("pre_tokenizer") { preTokenizer = try PreTokenizer(value) }
    let template = try part("post_processor").map { (value) throws(LineFault) in
      try TokenTemplate(value)
    }
    var truncatesStart = false
    if let direction = part("truncation")?["direction"] {
      truncatesStart = try direction.string() == "Left"
    }
    return TokenizerPipeline(
      model: made, added: added, normalizer: normalizer, preTokenizer: preTokenizer,
      prefix: template?.prefix ?? [], suffix: template?.suffix ?? [],
      paddingID: try part("padding")?["pad_id"]?.integer(), truncatesStart: truncatesStart,
      maximumLength: try (part("truncation")?["max_length"]?.integer()).map { Int($0) })
  }
}

/// Reads the `model` of a `tokenizer.json`, whose vocabulary may be large.
private struct ModelReader {
  /// The members except the vocabulary and the merges.
  private var options: [String: TokenizerValue] = [:]
  private var position = 0
  private var pieces: [(bytes: [UInt8], id: Int32)] = []
  private var scored: [(bytes: [UInt8], score: Double)] = []
  private var merges: [(first: [UInt8], second: [UInt8])] = []
  private var mergePositions: [Int] = []

  mutating func read(_ cursor: inout JSONCursor) throws(LineFault) {
    let bytes = cursor.bytes
    position = cursor.position
    try cursor.object { (cursor, key) throws(LineFault) in
      switch key.decoded(from: bytes) {
      case "vocab": try readVocabulary(&cursor)
      case "merges": try readMerges(&cursor)
      case let key: options[key] = try TokenizerValue(&cursor)
      }
    }
  }

  private mutating func readVocabulary(_ cursor: inout JSONCursor) throws(LineFault) {
    let bytes = cursor.bytes
    let start = (cursor.position..<bytes.count).first { bytes[$0] > 0x20 } ?? cursor.position
    guard start < bytes.count, bytes[start] == UInt8(ascii: "[") else {
      return try cursor.object { (cursor, piece) throws(LineFault) in
        let number = try cursor.number()
        guard let id = Int32(exactly: number), id >= 0 else {
          throw LineFault(
            position: cursor.position, reason: "\(number) is not an id",
            expected: "a whole number of at least 0")
        }
        pieces.append((Array(piece.written(in: bytes).utf8), id))
      }
    }
    try cursor.array { (cursor) throws(LineFault) in
      var piece: [UInt8]?
      var score: Double?
      let start = cursor.position
      try cursor.array { (cursor) throws(LineFault) in
        if piece == nil {
          piece = Array(try cursor.string().written(in: bytes).utf8)
        } else if score == nil {
          score = try cursor.number()
        } else {
          try cursor.skipValue()
        }
      }
      guard let piece, let score, score.isFinite else {
        throw LineFault(
          position: start, reason: "not a piece with its score",
          expected: "a list of a text and a finite number")
      }
      scored.append((piece, score))
    }
  }

  private mutating func readMerges(_ cursor: inout JSONCursor) throws(LineFault) {
    let bytes = cursor.bytes
    try cursor.array { (cursor) throws(LineFault) in
      let value = try TokenizerValue(&cursor)
      var parts: [String]
      if case .string(let text) = value.content {
        guard !text.hasPrefix("#version") else { return }
        parts = text.unicodeScalars.split(separator: " ", omittingEmptySubsequences: false)
          .map { String($0) }
      } else {
        parts = []
        for part in try value.array() { parts.append(try part.string()) }
      }
      guard parts.count == 2 else {
        throw value.fault("not a merge", expected: "two pieces with a space between them")
      }
      merges.append((Array(parts[0].utf8), Array(parts[1].utf8)))
      mergePositions.append(value.position)
    }
    _ = bytes
  }

  private func option(_ name: String) -> TokenizerValue? {
    options[name].flatMap { $0.isNull ? nil : $0 }
  }

  private func flag(_ name: String) throws(LineFault) -> Bool {
    try option(name)?.boolean() ?? false
  }

  private func bytes(_ name: String, or standard: String) throws(LineFault) -> [UInt8] {
    Array((try option(name)?.string() ?? standard).utf8)
  }

  private func fault(_ reason: String, expected: String) -> LineFault {
    LineFault(position: position, reason: reason, expected: expected)
  }

  func model() throws(LineFault) -> any SubwordModel {
    switch try kind() {
    case "WordPiece": return try wordPiece()
    case "Unigram": return try unigram()
    case "BPE": return try bytePair()
    case let other:
      throw (option("type")?.fault ?? fault)(
        "the model \"\(other)\" is not supported", "WordPiece, BPE or Unigram")
    }
  }

  /// The kind of model; old files do not name it.
  private func kind() throws(LineFault) -> String {
    if let type = option("type") { return try type.string() }
    if !scored.isEmpty { return "Unigram" }
    return merges.isEmpty && option("continuing_subword_prefix") != nil ? "WordPiece" : "BPE"
  }

  private func wordPiece() throws(LineFault) -> WordPieceModel {
    let name = try option("unk_token")?.string() ?? "[UNK]"
    guard let unknown = pieces.last(where: { $0.bytes.elementsEqual(name.utf8) })?.id else {
      throw fault("the vocabulary has no \(name)", expected: "the unk_token among its pieces")
    }
    return WordPieceModel(
      pieces, marker: try bytes("continuing_subword_prefix", or: "##"), unknown: unknown,
      maximumWordLength: Int(try option("max_input_chars_per_word")?.integer() ?? 100))
  }

  private func unigram() throws(LineFault) -> UnigramModel {
    guard let unknown = try option("unk_id")?.integer(), Int(unknown) < scored.count else {
      throw fault(
        "the model has no unk_id among its \(scored.count) pieces",
        expected: "the id of the unknown token")
    }
    return UnigramModel(scored, unknown: unknown, hasByteFallback: try flag("byte_fallback"))
  }

  private func bytePair() throws(LineFault) -> BytePairModel {
    if let dropout = option("dropout"), case .number(let rate) = dropout.content, rate != 0 {
      throw dropout.fault(
        "the model leaves out merges at random (dropout \(rate))", expected: "\"dropout\": null")
    }
    var unknown: Int32?
    if let name = try option("unk_token")?.string() {
      unknown = pieces.last { $0.bytes.elementsEqual(name.utf8) }?.id
      guard unknown != nil else {
        throw fault("the vocabulary has no \(name)", expected: "the unk_token among its pieces")
      }
    }
    let (model, missing) = BytePairModel.make(
      pieces, merges: merges, unknown: unknown,
      options: .init(
        marker: try bytes("continuing_subword_prefix", or: ""),
        suffix: try bytes("end_of_word_suffix", or: ""), fusesUnknown: try flag("fuse_unk"),
        hasByteFallback: try flag("byte_fallback"), ignoresMerges: try flag("ignore_merges")))
    if let missing {
      throw LineFault(
        position: mergePositions[missing], reason: "a merge of or into something without an id",
        expected: "pieces of the vocabulary")
    }
    return model
  }
}
