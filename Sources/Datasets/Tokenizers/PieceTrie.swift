/// The pieces of a vocabulary as a tree of bytes, for looking up all prefixes of a text at once.
///
/// The children of a node are consecutive and ascending, so that a node needs three numbers and a
/// look-up needs no hash.
struct PieceTrie: Sendable {
  /// The byte that leads to each node.
  private var labels: [UInt8] = [0]
  /// The first child of each node.
  private var firstChildren: [UInt32] = [0]
  /// The number of children of each node.
  private var childCounts: [UInt16] = [0]
  /// The id of the piece that ends at each node, or -1.
  private var ids: [Int32] = [-1]

  /// - Parameter pieces: pieces with their ids; the last of equal pieces counts. The empty piece is
  ///   left out.
  init(_ pieces: [(bytes: [UInt8], id: Int32)]) {
    // The first eight bytes as a number settle most comparisons.
    let keys = pieces.map { piece in
      (0..<8).reduce(UInt64(0)) {
        $0 << 8 | ($1 < piece.bytes.count ? UInt64(piece.bytes[$1]) : 0)
      }
    }
    // Sorting by the place too makes the last of equal pieces the one that stays.
    let order = pieces.indices.sorted { first, second in
      guard keys[first] == keys[second] else { return keys[first] < keys[second] }
      let (a, b) = (pieces[first].bytes, pieces[second].bytes)
      return a == b ? first < second : a.lexicographicallyPrecedes(b)
    }
    // Breadth first: the children of a node are appended together.
    var pending: [(node: Int, range: Range<Int>, depth: Int)] = [(0, order.indices, 0)]
    var next = 0
    while next < pending.count {
      let (node, range, depth) = pending[next]
      next += 1
      var position = range.lowerBound
      while position < range.upperBound, pieces[order[position]].bytes.count == depth {
        if depth > 0 { ids[node] = pieces[order[position]].id }
        position += 1
      }
      firstChildren[node] = UInt32(labels.count)
      while position < range.upperBound {
        let label = pieces[order[position]].bytes[depth]
        var end = position + 1
        while end < range.upperBound, pieces[order[end]].bytes[depth] == label { end += 1 }
        childCounts[node] += 1
        pending.append((labels.count, position..<end, depth + 1))
        labels.append(label)
        firstChildren.append(0)
        childCounts.append(0)
        ids.append(-1)
        position = end
      }
      // Finished entries are dropped now and then, so that the queue stays short.
      if next > 1 << 16 {
        pending.removeFirst(next)
        next = 0
      }
    }
  }

  /// The id of a piece, or nil.
  func id(of piece: some Sequence<UInt8>) -> Int32? {
    var node = 0
    for byte in piece {
      guard let child = child(of: node, byte) else { return nil }
      node = child
    }
    return ids[node] < 0 ? nil : ids[node]
  }

  /// Calls `body` with the id and the length of each piece that `text` begins with, shortest first.
  func forEachPrefix(of text: Slice<UnsafeBufferPointer<UInt8>>, _ body: (Int32, Int) -> Void) {
    var node = 0
    var length = 0
    for byte in text {
      guard let child = child(of: node, byte) else { return }
      node = child
      length += 1
      if ids[node] >= 0 { body(ids[node], length) }
    }
  }

  private func child(of node: Int, _ label: UInt8) -> Int? {
    var low = Int(firstChildren[node])
    var high = low + Int(childCounts[node])
    while low < high {
      let middle = (low + high) / 2
      if labels[middle] < label { low = middle + 1 } else { high = middle }
    }
    return low < Int(firstChildren[node]) + Int(childCounts[node]) && labels[low] == label
      ? low : nil
  }
}
