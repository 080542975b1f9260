/// The pieces by their bytes; finds the longest piece at the start of a word without creating
/// strings.
///
/// Complexity: looking up the longest prefix hashes each byte once, and compares bytes only if
/// hashes agree.
struct WordPieceTable: Sendable {
  private var bytes: [UInt8] = []
  private var starts: [Int32] = [0]
  private var ids: [Int32] = []
  /// Indices of pieces plus one, 0 if free; the size is a power of two, at most half full.
  private var slots: [Int32] = []
  private var longest = 0

  /// Creates a table of pieces with their ids; of equal pieces the last counts, as in the
  /// reference.
  init(_ pieces: [(bytes: ArraySlice<UInt8>, id: Int32)]) {
    var capacity = 16
    while capacity < 2 * pieces.count { capacity *= 2 }
    slots = [Int32](repeating: 0, count: capacity)
    for (piece, id) in pieces {
      var hash = Self.seed
      for byte in piece { hash = Self.step(hash, byte) }
      piece.withUnsafeBufferPointer { piece in
        let (slot, number) = place(hash, piece)
        if let number {
          ids[number] = id
        } else {
          ids.append(id)
          bytes += piece
          starts.append(Int32(bytes.count))
          slots[slot] = Int32(ids.count)
          longest = max(longest, piece.count)
        }
      }
    }
  }

  /// The id of `piece`, or nil.
  func id(of piece: some Sequence<UInt8>) -> Int32? {
    let piece = Array(piece)
    var hash = Self.seed
    for byte in piece { hash = Self.step(hash, byte) }
    return piece.withUnsafeBufferPointer { place(hash, $0).number.map { ids[$0] } }
  }

  /// The longest non-empty piece at the start of `text`, or nil.
  func longestPrefix(of text: UnsafeBufferPointer<UInt8>) -> (id: Int32, length: Int)? {
    let limit = min(longest, text.count)
    guard limit > 0 else { return nil }
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: limit) { hashes in
      var hash = Self.seed
      for index in 0..<limit {
        hash = Self.step(hash, text[index])
        hashes[index] = hash
      }
      for length in stride(from: limit, through: 1, by: -1) {
        let prefix = UnsafeBufferPointer(rebasing: text[..<length])
        if let number = place(hashes[length - 1], prefix).number { return (ids[number], length) }
      }
      return nil
    }
  }

  /// FNV-1a, <http://www.isthe.com/chongo/tech/comp/fnv/>: hashing all prefixes costs no more than
  /// one.
  private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

  private static func step(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
  }

  /// The slot of `piece`, or the free slot for it.
  private func place(_ hash: UInt64, _ piece: UnsafeBufferPointer<UInt8>)
    -> (slot: Int, number: Int?)
  {
    let mask = slots.count - 1
    // FNV mixes upwards, so the high half is better.
    var slot = Int(truncatingIfNeeded: hash ^ (hash >> 32)) & mask
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      let (start, end) = (Int(starts[number]), Int(starts[number + 1]))
      if end - start == piece.count,
        bytes.withUnsafeBufferPointer({ $0[start..<end].elementsEqual(piece) })
      {
        return (slot, number)
      }
      slot = (slot + 1) & mask
    }
    return (slot, nil)
  }
}
