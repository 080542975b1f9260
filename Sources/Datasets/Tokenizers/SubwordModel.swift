/// Splits one word into the pieces of a vocabulary: the `model` of a `tokenizer.json`.
protocol SubwordModel: Sendable {
  /// The id of unknown text; nil if there is none.
  var unknownID: Int32? { get }
  /// One more than the largest id.
  var vocabularySize: Int { get }

  /// The id of a piece, or nil.
  func id(of piece: [UInt8]) -> Int32?

  /// Adds the ids of a word, in UTF-8.
  ///
  /// - Complexity: O(n log n) in the bytes of the word, for pieces of bounded length.
  func split(_ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int32])
}

extension SubwordModel {
  /// The length in bytes of the character that begins with `lead`.
  static func length(ofCharacter lead: UInt8) -> Int {
    lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
  }

  /// The ids of the pieces `<0x00>` to `<0xFF>`; nil unless all bytes have one.
  static func byteIDs(in pieces: PieceTrie) -> [Int32?] {
    (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return pieces.id(of: "<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)
    }
  }
}

/// The greedy longest match: WordPiece, with any marker and any unknown token.
///
/// - Paper: Wu et al. Google's Neural Machine Translation System. 2016, section 4.1.
///   <https://arxiv.org/abs/1609.08144>
/// - Departures: none from the package `tokenizers`.
struct WordPieceModel: SubwordModel {
  let unknownID: Int32?
  let vocabularySize: Int
  private let pieces: PieceTrie
  private let continuations: PieceTrie
  private let maximumWordLength: Int
  private let unknown: Int32

  init(
    _ all: [(bytes: [UInt8], id: Int32)], marker: [UInt8], unknown: Int32, maximumWordLength: Int
  ) {
    pieces = PieceTrie(all)
    continuations = PieceTrie(
      all.filter { $0.bytes.starts(with: marker) && $0.bytes.count > marker.count }
        .map { (Array($0.bytes.dropFirst(marker.count)), $0.id) })
    vocabularySize = Int(all.map(\.id).max() ?? -1) + 1
    self.unknown = unknown
    unknownID = unknown
    self.maximumWordLength = maximumWordLength
  }

  func id(of piece: [UInt8]) -> Int32? { pieces.id(of: piece) }

  func split(_ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
    let before = ids.count
    var start = 0
    var isKnown = word.count { $0 & 0xC0 != 0x80 } <= maximumWordLength
    while isKnown, start < word.count {
      var best: (id: Int32, length: Int)?
      (start == 0 ? pieces : continuations).forEachPrefix(of: word[start...]) { id, length in
        // A piece never ends within a character, because pieces are valid UTF-8.
        best = (id, length)
      }
      guard let best else {
        isKnown = false
        break
      }
      ids.append(best.id)
      start += best.length
    }
    guard !isKnown else { return }
    ids.removeLast(ids.count - before)
    ids.append(unknown)
  }
}
