import Storage

/// Signs that texts were cut where they come from: an ellipsis at the end, or many of the same length.
public struct CutTexts: Codable, Hashable, Sendable {
  /// The number of texts that end in `…` or `...`.
  public var withEllipsis = 0
  /// The number of characters (Unicode scalars) of the longest text.
  public var longest = 0
  /// The number of texts of that length.
  public var ofLongestLength = 0
  /// The index of the first text that ends in an ellipsis, or else of the first of the longest.
  public var example = 0
  /// The number of texts.
  public var count: Int

  /// Looks at all texts.
  ///
  /// - Complexity: O(bytes).
  init(_ texts: TextColumn) {
    count = texts.count
    var firstLongest = 0
    var firstEllipsis: Int?
    for index in texts.indices where !texts.isMissing(at: index) {
      let (length, isEllipsis) = texts.withUTF8(at: index) { bytes in
        (bytes.count { $0 & 0xC0 != 0x80 }, Self.endsInEllipsis(bytes))
      }
      if isEllipsis {
        withEllipsis += 1
        firstEllipsis = firstEllipsis ?? index
      }
      if length > longest {
        (longest, ofLongestLength, firstLongest) = (length, 1, index)
      } else if length == longest {
        ofLongestLength += 1
      }
    }
    example = firstEllipsis ?? firstLongest
  }

  private static func endsInEllipsis(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var end = bytes.count
    while end > 0, bytes[end - 1] == 0x20 || 0x09...0x0D ~= bytes[end - 1] { end -= 1 }
    guard end > 3 else { return false }
    let last = (bytes[end - 3], bytes[end - 2], bytes[end - 1])
    return last == (0x2E, 0x2E, 0x2E) || last == (0xE2, 0x80, 0xA6)
  }

  /// The sign that is too frequent for chance, as a predicate of the texts; nil if there is none.
  ///
  /// One text in a hundred, but at least five, is our choice; short texts often have the same length.
  var finding: String? {
    let least = max(5, count / 100)
    if withEllipsis >= least { return "\(withEllipsis) of \(count) end in an ellipsis" }
    guard ofLongestLength >= least, longest >= 40 else { return nil }
    return "\(ofLongestLength) of \(count) have exactly \(longest) characters, and none has more"
  }
}
