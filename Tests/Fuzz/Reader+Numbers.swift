import Foundation
import Storage

/// The parsers that all text readers share: decimal numbers and JSON.
extension Reader {
  static let numbers = Reader(
    name: "numbers", weight: 12, tokens: ["e308", "E-400", "0.1", "\\u00", "[[", "{\"a\":"],
    make: { folder in
      try "123.456e-7\n-0\n9007199254740993\n1e22\n".write(to: folder, "numbers.txt")
      try "{\"a\": [1, \"\\u00e9\\ud83d\\ude00\", null, {\"b\": 1.5e3}], \"c\": true}"
        .write(to: folder, "value.json")
    },
    read: { folder in
      try MappedFile(path: "\(folder)/numbers.txt").withBytes(compareNumbers)
      try MappedFile(path: "\(folder)/value.json").withBytes(compareValue)
    })

  /// A number must equal the result of the standard library.
  private static func compareNumbers(_ bytes: UnsafeRawBufferPointer) throws {
    for line in bytes.split(separator: 0x0A) {
      guard
        case .success(let found) = DecimalScanner.number(
          in: bytes, from: line.startIndex, to: line.endIndex)
      else { continue }
      let text = String(decoding: bytes[line.startIndex..<found.end], as: UTF8.self)
      // For a number out of range, the standard library returns nil or infinity.
      let expected = Double(text) ?? found.value
      guard found.value == expected else { throw Disagreement(text: text, found: found.value) }
    }
  }

  /// JSON that is skipped must be JSON to Foundation as well.
  private static func compareValue(_ bytes: UnsafeRawBufferPointer) throws {
    var cursor = JSONCursor(bytes, in: 0..<bytes.count)
    do throws(LineFault) {
      try cursor.skipValue()
      try cursor.finish()
    } catch {
      return
    }
    // Foundation rejects numbers beyond a double's range, which the format allows.
    let isLarge = bytes.contains { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
    do {
      _ = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    } catch  where !isLarge {
      throw Disagreement(text: String(decoding: bytes, as: UTF8.self), found: nil)
    } catch {}
  }

  /// Two parsers interpret a text differently.
  struct Disagreement: Error {
    var text: String
    var found: Double?
  }
}
