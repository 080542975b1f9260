import Foundation
import Storage

/// Maps identifiers to indices and stores each once.
///
/// It holds only hashes and positions, 16 bytes per identifier; the names stay in their column.
struct IdentifierTable {
  private var slots: [Int32] = [Int32](repeating: -1, count: 64)
  private var hashes: [UInt64] = []
  private var locations: [TextColumn.Location] = []
  let file: MappedFile

  init(file: MappedFile) { self.file = file }

  /// The identifiers in insertion order.
  var column: TextColumn { TextColumn(file: file, locations: locations) }
  var count: Int { hashes.count }

  /// The identifiers at `indices`, in that order.
  func column(selecting indices: [Int]) -> TextColumn {
    TextColumn(file: file, locations: indices.map { locations[$0] })
  }

  /// The index of the identifier that `literal` in the file `bytes` denotes, or nil.
  func index(of literal: JSONString, in bytes: UnsafeRawBufferPointer) -> Int? {
    literal.withUTF8(in: bytes) { name in
      let found = slots[slot(of: name, hash: XXHash64.hash(name))]
      return found < 0 ? nil : Int(found)
    }
  }

  /// Whether an identifier is also in `other`.
  func hasCommonName(with other: IdentifierTable) -> Bool {
    guard other.count > 0 else { return false }
    return file.withBytes { bytes in
      locations.contains { other.index(of: $0.literal, in: bytes) != nil }
    }
  }

  /// Adds the identifier that `literal` in this table's file denotes; false if it exists already.
  mutating func insert(_ literal: JSONString) -> Bool {
    if 2 * (count + 1) > slots.count { grow() }
    let (place, hash) = file.withBytes { bytes in
      literal.withUTF8(in: bytes) { name in
        let hash = XXHash64.hash(name)
        return (slot(of: name, hash: hash), hash)
      }
    }
    guard slots[place] < 0 else { return false }
    slots[place] = Int32(count)
    hashes.append(hash)
    locations.append(TextColumn.Location(literal))
    return true
  }

  /// The slot that holds `name`, or the free slot for it.
  private func slot(of name: UnsafeRawBufferPointer, hash: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 {
      let index = Int(slots[slot])
      if hashes[index] == hash,
        file.withBytes({ bytes in
          locations[index].literal.withUTF8(in: bytes) { isEqual($0, name) }
        })
      {
        return slot
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
    return memcmp(leftBase, rightBase, left.count) == 0
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: 2 * slots.count)
    for (index, hash) in hashes.enumerated() {
      var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(index)
    }
  }
}
