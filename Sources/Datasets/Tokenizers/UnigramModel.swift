/// The most probable segmentation under independent pieces: SentencePiece's unigram model.
///
///     s(t) = max over pieces p that end at t of s(t − |p|) + log P(p)
///
/// A character that is not a piece costs 10 more than the least probable piece. Unknown characters
/// next to each other are one unknown token.
///
/// - Paper: Kudo. Subword Regularization. ACL 2018, section 3.2. <https://arxiv.org/abs/1804.10959>
/// - Departures: none from the package `tokenizers`.
struct UnigramModel: SubwordModel {
  let unknownID: Int32?
  let vocabularySize: Int
  private let pieces: PieceTrie
  private let scores: [Double]
  private let unknown: Int32
  private let unknownScore: Double
  /// The pieces of single bytes that replace an unknown token; nil without byte fallback.
  private let bytes: [Int32?]?

  /// - Parameter pieces: pieces with their logarithmic probability; the place is the id.
  init(_ pieces: [(bytes: [UInt8], score: Double)], unknown: Int32, hasByteFallback: Bool) {
    self.pieces = PieceTrie(pieces.enumerated().map { ($1.bytes, Int32($0)) })
    scores = pieces.map(\.score)
    self.unknown = unknown
    unknownID = unknown
    unknownScore = (scores.min() ?? 0) - 10
    vocabularySize = pieces.count
    bytes = hasByteFallback ? Self.byteIDs(in: self.pieces) : nil
  }

  func id(of piece: [UInt8]) -> Int32? { pieces.id(of: piece) }

  /// The best segmentation up to a position: the last piece, where it begins, and the score.
  private struct Step {
    var id: Int32 = 0
    var start = -1
    var score = 0.0
  }

  func split(_ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
    var steps = [Step](repeating: Step(), count: word.count + 1)
    var position = 0
    while position < word.count {
      let score = steps[position].score
      let length = min(Self.length(ofCharacter: word[position]), word.count - position)
      var hasCharacter = false
      func offer(_ id: Int32, _ length: Int, _ total: Double) {
        let end = position + length
        if steps[end].start < 0 || total > steps[end].score {
          steps[end] = Step(id: id, start: position, score: total)
        }
      }
      pieces.forEachPrefix(of: word[position...]) { id, pieceLength in
        offer(id, pieceLength, scores[Int(id)] + score)
        if pieceLength == length { hasCharacter = true }
      }
      if !hasCharacter { offer(unknown, length, unknownScore + score) }
      position += length
    }
    append(steps, of: word, to: &ids)
  }

  /// Follows the steps back, and adds the pieces in order.
  private func append(
    _ steps: [Step], of word: UnsafeBufferPointer<UInt8>, to ids: inout [Int32]
  ) {
    var spans: [(range: Range<Int>, isUnknown: Bool)] = []
    var end = word.count
    while end > 0 {
      let step = steps[end]
      let isUnknown = step.id == unknown
      if isUnknown, let last = spans.last, last.isUnknown {
        spans[spans.count - 1].range = step.start..<last.range.upperBound
      } else {
        spans.append((step.start..<end, isUnknown))
      }
      end = step.start
    }
    for (range, isUnknown) in spans.reversed() {
      let span = UnsafeBufferPointer(rebasing: word[range])
      if let id = pieces.id(of: span) {
        ids.append(id)
      } else if isUnknown, let bytes, span.allSatisfy({ bytes[Int($0)] != nil }) {
        ids += span.compactMap { bytes[Int($0)] }
      } else {
        ids.append(unknown)
      }
    }
  }
}
