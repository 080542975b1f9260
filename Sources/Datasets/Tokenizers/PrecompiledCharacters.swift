import Foundation
import Storage

/// SentencePiece's compiled table of replacements for characters, such as NFKC with additions.
///
/// The bytes are the size of the trie in bytes, the trie (a double array of 32-bit units) and the
/// replacements, each ending in a zero byte.
///
/// - Source: <https://github.com/google/sentencepiece/blob/master/src/normalizer.cc>; the units are
///   those of <https://github.com/s-yata/darts-clone>.
/// - Departures: as in the package `tokenizers`, a cluster of characters of fewer than six bytes is
///   replaced by the entry of the shortest prefix that has one.
struct PrecompiledCharacters: Sendable {
  private let units: [UInt32]
  private let replacements: [UInt8]

  /// - Throws: `LineFault` without a position if the table is damaged.
  init(base64 text: String) throws(LineFault) {
    func damaged(_ reason: String) -> LineFault {
      LineFault(
        reason: "the precompiled_charsmap \(reason)",
        expected: "a table of characters as SentencePiece compiles it")
    }
    guard let data = Data(base64Encoded: text) else { throw damaged("is not base64") }
    let bytes = [UInt8](data)
    func number(at place: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) }
    }
    guard bytes.count >= 4 else { throw damaged("has \(bytes.count) bytes") }
    let size = Int(number(at: 0))
    guard size > 0, size.isMultiple(of: 4), size <= bytes.count - 4 else {
      throw damaged("has a trie of \(size) bytes, in \(bytes.count) bytes")
    }
    guard String(validating: bytes[(4 + size)...], as: UTF8.self) != nil else {
      throw damaged("has replacements that are not UTF-8")
    }
    units = (0..<size / 4).map { number(at: 4 + 4 * $0) }
    replacements = Array(bytes[(4 + size)...])
  }

  /// Replaces the characters of a text.
  func replaced(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    var position = 0
    while position < text.count {
      // Between ASCII characters there is always a boundary of clusters, except in CR LF.
      var end = position + 1
      while end < text.count,
        !(text[end].isASCII && text[end - 1].isASCII)
          || (text[end] == "\n" && text[end - 1] == "\r")
      {
        end += 1
      }
      if end == position + 1 {
        append(text[position...position], to: &result)
      } else {
        for cluster in String(String.UnicodeScalarView(text[position..<end])) {
          append(Array(cluster.unicodeScalars)[...], to: &result)
        }
      }
      position = end
    }
    return result
  }

  private func append(_ cluster: ArraySlice<Unicode.Scalar>, to result: inout [Unicode.Scalar]) {
    if cluster.count == 1 || cluster.reduce(0, { $0 + UTF8.width($1) }) < 6,
      let replacement = replacement(for: cluster)
    {
      result += replacement
      return
    }
    for scalar in cluster {
      if let replacement = replacement(for: CollectionOfOne(scalar)) {
        result += replacement
      } else {
        result.append(scalar)
      }
    }
  }

  /// The entry of the shortest prefix of the characters that has one.
  private func replacement(for scalars: some Collection<Unicode.Scalar>)
    -> String.UnicodeScalarView?
  {
    var node = 0
    func unit(_ place: Int) -> UInt32? { place < units.count ? units[place] : nil }
    func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & (1 << 9)) >> 6)) }
    node ^= offset(units[0])
    for scalar in scalars {
      for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
        guard byte != 0 else { return nil }
        node ^= Int(byte)
        guard let found = unit(node), found & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
        node ^= offset(found)
        guard found >> 8 & 1 == 1 else { continue }
        guard let leaf = unit(node) else { return nil }
        let start = Int(leaf & ~(1 << 31))
        guard start <= replacements.count else { return nil }
        let bytes = replacements[start...].prefix { $0 != 0 }
        return String(decoding: bytes, as: UTF8.self).unicodeScalars
      }
    }
    return nil
  }
}
