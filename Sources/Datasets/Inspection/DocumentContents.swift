import Torch

/// The content of documents as bytes, to compare them by.
struct DocumentContents {
  private let content: Documents.Content

  init(_ documents: Documents) { content = documents.content }

  /// Calls `body` with bytes that are the same for two documents exactly when these are equal:
  /// a text's UTF-8 form, or the columns and values of a row of features in the order of columns.
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

  /// Whether the document says nothing: a text of white space, a row of zeros.
  func isEmpty(at index: Int) -> Bool {
    switch content {
    case .texts(let texts):
      // ASCII's white space; whatever else there is may mean something.
      texts.withUTF8(at: index) { $0.allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 } }
    case .features: withBytes(at: index) { $0.isEmpty }
    }
  }

  /// Documents with equal content, each group by rising index; groups of one are left out.
  ///
  /// Empty documents are not looked at.
  ///
  /// - Complexity: O(bytes) expected.
  func equalGroups(among documents: [Int]) -> [[Int]] {
    var byHash: [UInt64: [Int]] = [:]
    for document in documents where !isEmpty(at: document) {
      byHash[withBytes(at: document, XXHash64.hash), default: []].append(document)
    }
    var groups: [[Int]] = []
    for candidates in byHash.values where candidates.count > 1 {
      // A hash may be shared by chance: bytes decide.
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
