import Storage

/// The contents of documents as bytes, for comparisons.
struct DocumentContents {
  private let content: Documents.Content

  init(_ documents: Documents) { content = documents.content }

  /// Calls `body` with bytes that are the same for two documents exactly when they are equal:
  /// a text's UTF-8 form, or the columns and values of a row of features in column order.
  func withBytes<R>(at index: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    switch content {
    case .texts(let texts): return try texts.withUTF8(at: index, body)
    case .features(let matrix, _):
      let pairs = matrix.entries(ofRow: index)
        .map { (matrix.columns[$0], matrix.values?[$0] ?? 1) }
        .filter { $0.1 != 0 }
        .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
      let words = pairs.flatMap { [UInt32(bitPattern: $0.0), $0.1.bitPattern] }
      return try words.withUnsafeBytes(body)
    }
  }

  /// Whether the document is empty: a text of white space, or a row of zeros.
  func isEmpty(at index: Int) -> Bool {
    switch content {
    case .texts(let texts):
      // ASCII white space only; anything else may have a meaning.
      texts.withUTF8(at: index) { $0.allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 } }
    case .features: withBytes(at: index) { $0.isEmpty }
    }
  }

  /// Documents with equal content, each group in index order; groups of one are left out.
  ///
  /// Empty documents are ignored.
  ///
  /// - Complexity: O(bytes) expected.
  func equalGroups(among documents: [Int]) -> [[Int]] {
    var byHash: [UInt64: [Int]] = [:]
    for document in documents where !isEmpty(at: document) {
      byHash[withBytes(at: document, XXHash64.hash), default: []].append(document)
    }
    var groups: [[Int]] = []
    for candidates in byHash.values where candidates.count > 1 {
      // Two contents may share a hash by chance, so the bytes decide.
      var rest = candidates
      while let first = rest.first {
        let same = rest.filter { isEqual(first, $0) }
        rest.removeAll { isEqual(first, $0) }
        if same.count > 1 { groups.append(same.sorted()) }
      }
    }
    return groups.sorted { $0[0] < $1[0] }
  }

  private func isEqual(_ left: Int, _ right: Int) -> Bool {
    left == right
      || withBytes(at: left) { own in
        withBytes(at: right) { own.count == $0.count && own.elementsEqual($0) }
      }
  }
}
