/// Joins the characters of a word by learnt merges, the earliest learnt first: byte-pair encoding.
///
/// - Paper: Sennrich, Haddow, Birch. Neural Machine Translation of Rare Words with Subword Units.
///   ACL 2016, section 3.2. <https://arxiv.org/abs/1508.07909>
/// - Departures: none from the package `tokenizers`, except that dropout of merges is refused.
struct BytePairModel: SubwordModel {
  /// The options of the model in a `tokenizer.json`.
  struct Options: Sendable {
    /// Stands before every character but a word's first.
    var marker: [UInt8] = []
    /// Stands after a word's last character.
    var suffix: [UInt8] = []
    /// Whether unknown characters next to each other are one unknown token.
    var fusesUnknown = false
    /// Whether an unknown character becomes the pieces of its bytes.
    var hasByteFallback = false
    /// Whether a word that is a piece is never split.
    var ignoresMerges = false
  }

  let unknownID: Int32?
  let vocabularySize: Int
  private let pieces: PieceTrie
  private let bytes: [Int32?]
  private let options: Options
  /// The rank and the result of merging two ids.
  private let merges: [Pair: Merge]

  private struct Pair: Hashable {
    var first: Int32
    var second: Int32
  }

  private struct Merge {
    var rank: Int32
    var result: Int32
  }

  /// - Parameter merges: pairs of pieces, the earliest learnt first.
  /// - Returns: nil for `fault` if all parts and results of merges are pieces, else the place of
  ///   one that is not.
  static func make(
    _ all: [(bytes: [UInt8], id: Int32)], merges pairs: [(first: [UInt8], second: [UInt8])],
    unknown: Int32?, options: Options
  ) -> (model: BytePairModel, fault: Int?) {
    let pieces = PieceTrie(all)
    var merges: [Pair: Merge] = [:]
    merges.reserveCapacity(pairs.count)
    var fault: Int?
    for (rank, pair) in pairs.enumerated() {
      let joined = pair.first + pair.second.dropFirst(options.marker.count)
      guard let first = pieces.id(of: pair.first), let second = pieces.id(of: pair.second),
        let result = pieces.id(of: joined)
      else {
        fault = fault ?? rank
        continue
      }
      merges[Pair(first: first, second: second)] = Merge(rank: Int32(rank), result: result)
    }
    let model = BytePairModel(
      unknownID: unknown, vocabularySize: Int(all.map(\.id).max() ?? -1) + 1, pieces: pieces,
      bytes: options.hasByteFallback ? byteIDs(in: pieces) : [], options: options, merges: merges)
    return (model, fault)
  }

  private init(
    unknownID: Int32?, vocabularySize: Int, pieces: PieceTrie, bytes: [Int32?], options: Options,
    merges: [Pair: Merge]
  ) {
    self.unknownID = unknownID
    self.vocabularySize = vocabularySize
    self.pieces = pieces
    self.bytes = bytes
    self.options = options
    self.merges = merges
  }

  func id(of piece: [UInt8]) -> Int32? { pieces.id(of: piece) }

  func split(_ word: UnsafeBufferPointer<UInt8>, into ids: inout [Int32]) {
    if options.ignoresMerges, let id = pieces.id(of: word) { return ids.append(id) }
    let symbols = characters(of: word)
    if symbols.count < 2 { ids += symbols } else { ids += merged(symbols) }
  }

  /// The ids of the characters of a word.
  private func characters(of word: UnsafeBufferPointer<UInt8>) -> [Int32] {
    var result: [Int32] = []
    result.reserveCapacity(word.count)
    // An unknown token waits until it is clear that the next character does not belong to it.
    var waiting: Int32?
    var position = 0
    while position < word.count {
      let end = min(position + Self.length(ofCharacter: word[position]), word.count)
      let character = word[position..<end]
      let isPlain =
        (position == 0 || options.marker.isEmpty) && (end < word.count || options.suffix.isEmpty)
      let shape =
        isPlain
        ? nil
        : (position > 0 ? options.marker : []) + Array(character)
          + (end == word.count ? options.suffix : [])
      position = end
      if let id = shape.map({ pieces.id(of: $0) }) ?? pieces.id(of: character) {
        if let unknown = waiting { result.append(unknown) }
        waiting = nil
        result.append(id)
      } else if options.hasByteFallback,
        (shape ?? Array(character)).allSatisfy({ bytes[Int($0)] != nil })
      {
        // Like the reference, these stand before an unknown token that still waits.
        result += (shape ?? Array(character)).compactMap { bytes[Int($0)] }
      } else if let unknownID {
        if let unknown = waiting, !options.fusesUnknown { result.append(unknown) }
        waiting = unknownID
      }
    }
    if let waiting { result.append(waiting) }
    return result
  }

  /// Merges neighbours, the lowest rank first and then from left to right.
  private func merged(_ symbols: [Int32]) -> [Int32] {
    var ids = symbols
    var next = Array(1...symbols.count)  // symbols.count ends the list
    var previous = Array(-1..<symbols.count - 1)
    var isAlive = [Bool](repeating: true, count: symbols.count)
    var queue = MergeQueue()
    func consider(_ position: Int) {
      guard let merge = merges[Pair(first: ids[position], second: ids[next[position]])] else {
        return
      }
      queue.insert(.init(rank: merge.rank, position: Int32(position), result: merge.result))
    }
    for position in 0..<symbols.count - 1 { consider(position) }
    while let top = queue.removeFirst() {
      let position = Int(top.position)
      guard isAlive[position], next[position] < symbols.count else { continue }
      let right = next[position]
      guard merges[Pair(first: ids[position], second: ids[right])]?.result == top.result else {
        continue
      }
      ids[position] = top.result
      isAlive[right] = false
      next[position] = next[right]
      if next[right] < symbols.count { previous[next[right]] = position }
      if previous[position] >= 0 { consider(previous[position]) }
      if next[position] < symbols.count { consider(position) }
    }
    return ids.indices.filter { isAlive[$0] }.map { ids[$0] }
  }
}

/// Possible merges, the lowest rank first and then the leftmost: a binary heap.
private struct MergeQueue {
  struct Entry {
    var rank: Int32
    var position: Int32
    var result: Int32

    static func < (first: Entry, second: Entry) -> Bool {
      (first.rank, first.position) < (second.rank, second.position)
    }
  }

  private var entries: [Entry] = []

  mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var place = entries.count - 1
    while place > 0, entries[place] < entries[(place - 1) / 2] {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  mutating func removeFirst() -> Entry? {
    guard let first = entries.first, let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return first }
    entries[0] = last
    var place = 0
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2]
      where child < entries.count && entries[child] < entries[least] { least = child }
      guard least != place else { return first }
      entries.swapAt(place, least)
      place = least
    }
  }
}
