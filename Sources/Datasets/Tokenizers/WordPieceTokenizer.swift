import Torch

/// Cuts a text into the pieces that BERT's vocabulary numbers.
///
/// First the basic tokenisation: control characters go, white space of any kind separates, case and
/// accents go where the model has none, each punctuation mark and each Chinese character is a word.
/// Then each word is cut greedily: the longest piece of the vocabulary that the word begins with,
/// then the longest one, marked by `##`, that continues it, and so on; a word with a rest that no
/// piece begins is unknown as a whole.
///
/// - Paper: Devlin, Chang, Lee, Toutanova. BERT: Pre-training of Deep Bidirectional Transformers for
///   Language Understanding. NAACL 2019, section 3. <https://arxiv.org/abs/1810.04805>; WordPiece
///   after Wu et al. 2016, section 4.1, <https://arxiv.org/abs/1609.08144>.
/// - Departures: none from the package `tokenizers` 0.23, which is the reference; like it, the
///   text `[SEP]` and the other special tokens' texts become the tokens themselves.
public struct WordPieceTokenizer: Sendable {
  /// What is done to a text before it is cut.
  public struct Configuration: Codable, Hashable, Sendable {
    /// Whether upper case becomes lower case.
    public var isLowercased: Bool
    /// Whether accents are taken off; nil does as `isLowercased`, as the authors' code does.
    public var stripsAccents: Bool?
    /// Whether each Chinese character is a word.
    public var separatesIdeographs: Bool
    /// Whether control characters are dropped and all white space is equal.
    public var cleansText: Bool
    /// The number of characters beyond which a word is unknown; 100 in the reference.
    public var maximumWordLength: Int

    /// The defaults are those of the uncased models.
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

  /// What is done to a text before it is cut.
  public let configuration: Configuration
  /// The number of ids: one more than the largest.
  public let vocabularySize: Int
  /// The id that fills a batch's short rows, `[PAD]`.
  public let paddingID: Int32
  /// The id of a word that cannot be cut, `[UNK]`.
  public let unknownID: Int32
  /// The id that every text begins with, `[CLS]`.
  public let classID: Int32
  /// The id that every text ends with, `[SEP]`.
  public let separatorID: Int32

  let beginnings: WordPieceTable
  let continuations: WordPieceTable
  /// Texts that stand for themselves before anything else is done to a text.
  let specialTexts: [(text: [UInt8], id: Int32)]

  /// A tokenizer with the given pieces.
  ///
  /// - Parameters:
  ///   - pieces: every piece with its id, as in a vocabulary file.
  ///   - file: where they come from, for errors.
  /// - Throws: `InputError` when one of `[PAD]`, `[UNK]`, `[CLS]` and `[SEP]` is missing.
  init(
    pieces: [(bytes: [UInt8], id: Int32)], configuration: Configuration, file: String
  ) throws {
    // Pieces are numbered and placed by 32 bits.
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

  /// The ids of `text` between `[CLS]` and `[SEP]`; what exceeds `maximumLength` is cut off before
  /// `[SEP]`.
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
      // All special texts begin with this byte, which is no part of a longer sequence.
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
