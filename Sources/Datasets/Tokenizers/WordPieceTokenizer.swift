import Storage

/// Splits a text into the pieces of BERT's vocabulary.
///
/// First comes the basic tokenisation: control characters are removed, white space of any kind
/// separates words, case and accents are removed if the model ignores them, and each punctuation
/// mark and each Chinese character is a word. Then each word is split greedily: the longest piece
/// of the vocabulary at its start, then the longest piece, marked by `##`, that continues it, and
/// so on. A word with a remainder that no piece matches is unknown as a whole.
///
/// - Paper: Devlin, Chang, Lee, Toutanova. BERT: Pre-training of Deep Bidirectional Transformers
///   for Language Understanding. NAACL 2019, section 3. <https://arxiv.org/abs/1810.04805>;
///   WordPiece after Wu et al. 2016, section 4.1, <https://arxiv.org/abs/1609.08144>.
/// - Departures: none from the package `tokenizers` 0.23, which is the reference; like it, the
///   text `[SEP]` and the other special tokens' texts become the tokens themselves.
public struct WordPieceTokenizer: Sendable {
  /// The text normalisation before splitting.
  public struct Configuration: Codable, Hashable, Sendable {
    /// Whether upper case is converted to lower case.
    public var isLowercased: Bool
    /// Whether accents are stripped; nil means the same as `isLowercased`, as in the authors' code.
    public var stripsAccents: Bool?
    /// Whether each Chinese character is a word.
    public var separatesIdeographs: Bool
    /// Whether control characters are removed and all white space is treated alike.
    public var cleansText: Bool
    /// The longest word in characters; longer ones are unknown; 100 in the reference.
    public var maximumWordLength: Int

    /// Creates a configuration; the defaults are those of the uncased models.
    public init(
      isLowercased: Bool = true, stripsAccents: Bool? = nil, separatesIdeographs: Bool = true,
      cleansText: Bool = true, maximumWordLength: Int = 100
    ) {
      self.isLowercased = isLowercased
      self.stripsAccents = stripsAccents
      self.separatesIdeographs = separatesIdeographs
      self.cleansText = cleansText
      self.maximumWordLength = maximumWordLength
    }
  }

  /// The text normalisation before splitting.
  public let configuration: Configuration
  /// The number of ids: one more than the largest.
  public let vocabularySize: Int
  /// The id that pads a batch's short rows, `[PAD]`.
  public let paddingID: Int32
  /// The id of a word that cannot be split, `[UNK]`.
  public let unknownID: Int32
  /// The id at the start of every text, `[CLS]`.
  public let classID: Int32
  /// The id at the end of every text, `[SEP]`.
  public let separatorID: Int32

  let beginnings: WordPieceTable
  let continuations: WordPieceTable
  /// The texts of special tokens, which are recognised before any normalisation.
  let specialTexts: [(text: [UInt8], id: Int32)]

  /// Creates a tokenizer with the given pieces.
  ///
  /// - Parameters:
  ///   - pieces: every piece with its id, as in a vocabulary file.
  ///   - file: the origin of the pieces, for errors.
  /// - Throws: `InputError` when one of `[PAD]`, `[UNK]`, `[CLS]` and `[SEP]` is missing.
  init(
    pieces: [(bytes: [UInt8], id: Int32)], configuration: Configuration, file: String
  ) throws {
    // Indices and positions of pieces have 32 bits.
    guard pieces.reduce(0, { $0 + $1.bytes.count + 1 }) < Int(Int32.max) else {
      throw InputError(file: file, reason: "the vocabulary is too large", expected: "below 2 GB")
    }
    let marker = Array("##".utf8)
    beginnings = WordPieceTable(pieces.map { ($0.bytes[...], $0.id) })
    continuations = WordPieceTable(
      pieces.filter { $0.bytes.starts(with: marker) && $0.bytes.count > marker.count }
        .map { ($0.bytes.dropFirst(marker.count), $0.id) })
    let table = beginnings
    func special(_ text: String) throws -> Int32 {
      guard let id = table.id(of: text.utf8) else {
        throw InputError(
          file: file, reason: "the vocabulary has no \(text)",
          expected: "[PAD], [UNK], [CLS] and [SEP] among its \(pieces.count) pieces")
      }
      return id
    }
    paddingID = try special("[PAD]")
    unknownID = try special("[UNK]")
    classID = try special("[CLS]")
    separatorID = try special("[SEP]")
    specialTexts = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].compactMap { text in
      table.id(of: text.utf8).map { (Array(text.utf8), $0) }
    }
    vocabularySize = Int(pieces.map(\.id).max() ?? -1) + 1
    self.configuration = configuration
  }

  /// The ids of `text` between `[CLS]` and `[SEP]`; truncated to `maximumLength` before `[SEP]`.
  ///
  /// - Precondition: `maximumLength` ≥ 2.
  /// - Complexity: O(text) up to the cut, for words of bounded length.
  public func encode(_ text: String, maximumLength: Int = 512) -> [Int32] {
    precondition(maximumLength >= 2, "a maximum length of \(maximumLength), expected 2 or more")
    var text = text
    return text.withUTF8 { encode(utf8: $0, maximumLength: maximumLength) }
  }

  private func encode(utf8 text: UnsafeBufferPointer<UInt8>, maximumLength: Int) -> [Int32] {
    var pass = WordPiecePass(self, limit: maximumLength - 1)
    var start = 0
    var position = 0
    while position < text.count, !pass.isFull {
      // All special texts begin with this byte, which is never part of a multi-byte character.
      guard text[position] == UInt8(ascii: "["),
        let special = specialTexts.first(where: { text[position...].starts(with: $0.text) })
      else {
        position += 1
        continue
      }
      pass.read(UnsafeBufferPointer(rebasing: text[start..<position]))
      pass.append(special.id)
      position += special.text.count
      start = position
    }
    if !pass.isFull { pass.read(UnsafeBufferPointer(rebasing: text[start...])) }
    return pass.finished()
  }
}
