import Foundation
import Testing

@testable import Storage

@Suite struct JSONCursorTests {
  /// Reads `bytes` as one value and returns the fault, if there is one.
  private func fault(_ bytes: [UInt8]) -> LineFault? {
    bytes.withUnsafeBytes { buffer in
      var cursor = JSONCursor(buffer, in: 0..<buffer.count)
      do throws(LineFault) {
        try cursor.skipValue()
        try cursor.finish()
        return nil
      } catch {
        return error
      }
    }
  }

  private func string(_ text: String) throws -> String {
    try Array(text.utf8).withUnsafeBytes { buffer in
      var cursor = JSONCursor(buffer, in: 0..<buffer.count)
      let literal = try cursor.string()
      try cursor.finish()
      return literal.decoded(from: buffer)
    }
  }

  private static let valid = [
    "{}", "[]", " [ ] ", "\"\"", "0", "-0", "-0.0", "10", "1.5e3", "1E+2", "1e-2", "true", "false",
    "null", "[1,2,[3,{\"a\":[null]}]]", "{\"a\":1,\"b\":{\"c\":\"d\"}}", "\t{\r \"a\" : 1 }",
    "\"é\"", "\"\u{10FFFF}\"", "\"日本語のテキスト\"", "\"\\ud83d\\ude00\"", "\"a\\\"b\\\\c\\/\"",
    "\"\u{7F}\"", "1234567890123456789012345678901234567890", "\"\\u0000\"", "\"\u{2028}\"",
  ]

  private static let invalid = [
    "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
    "{a:1}", "{'a':1}", "{1:1}", "{\"a\" 1}", "nul", "nulll", "True", "tru", "01", "-", "+1", ".5",
    "1.", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "\"", "\"a", "\"\\\"", "\"\\x\"",
    "\"\\u12\"", "\"\\u12g4\"", "\"\n\"", "\"\u{1}\"", "1 2", "{} x", "[1 2]", "\"a\" \"b\"",
    "// c\n1", "[1]]", "\"12345678\u{1F}\"", "--1", "1-", "{\"a\":1 \"b\":2}", "\u{FEFF}1",
  ]

  @Test(arguments: valid)
  func `accepts valid JSON like Foundation`(text: String) throws {
    #expect(throws: Never.self) {
      try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }
    #expect(fault(Array(text.utf8)) == nil)
  }

  @Test(arguments: invalid)
  func `rejects invalid JSON`(text: String) { #expect(fault(Array(text.utf8)) != nil) }

  /// Sequences of table 3-7 of the Unicode standard and their neighbours, put after seven and
  /// eight letters so that both the fast and the slow way meet them.
  @Test(
    arguments: [
      ([0xC2, 0x80], true), ([0xDF, 0xBF], true), ([0xE0, 0xA0, 0x80], true),
      ([0xED, 0x9F, 0xBF], true), ([0xEE, 0x80, 0x80], true), ([0xF0, 0x90, 0x80, 0x80], true),
      ([0xF4, 0x8F, 0xBF, 0xBF], true), ([0x80], false), ([0xC0, 0x80], false),
      ([0xC1, 0xBF], false), ([0xC2], false), ([0xC2, 0x41], false), ([0xE0, 0x9F, 0xBF], false),
      ([0xE2, 0x82], false), ([0xED, 0xA0, 0x80], false), ([0xF0, 0x8F, 0xBF, 0xBF], false),
      ([0xF4, 0x90, 0x80, 0x80], false), ([0xF5, 0x80, 0x80, 0x80], false), ([0xFF], false),
      ([0xF0, 0x9F, 0x98, 0x41], false),
    ] as [([UInt8], Bool)])
  func `validates UTF-8 inside strings`(sequence: [UInt8], isValid: Bool) {
    #expect((String(validating: sequence, as: UTF8.self) != nil) == isValid)
    for letters in 0...9 {
      let text = [UInt8](repeating: 0x61, count: letters) + sequence
      let fault = fault([0x22] + text + [0x22])
      #expect((fault == nil) == isValid, "\(letters) letters")
      if let fault { #expect(fault.position == 1 + letters) }
    }
    #expect(fault([0x22] + sequence) != nil, "an unclosed string is refused either way")
  }

  /// At every place of a string that is read eight bytes at a time.
  @Test(arguments: [0x00, 0x0A, 0x1F, 0x22, 0x5C] as [UInt8])
  func `finds the byte that ends plain text`(byte: UInt8) {
    for place in 0..<19 {
      var text = [UInt8](repeating: 0x61, count: 20)
      text[place] = byte
      let fault = fault([0x22] + text + [0x22])
      // After a closing quotation mark the next letter is wrong, after a backslash `a` is.
      let shift = byte == 0x22 || byte == 0x5C ? 1 : 0
      #expect(fault?.position == 1 + place + shift, "\(place)")
    }
  }

  @Test(arguments: [
    #""plain""#, #""a\u00e9b""#, #""\ud83d\ude00\uD83D\uDE00""#, #""\b\f\n\r\t\/\\\"""#,
    #""\u0000\u001f\u007f\u0080\u07ff\u0800\uffff\udbff\udfff""#, #""é\né\n""#, #""\n""#, #""""#,
    #""twelve letters and more \\ before and after the escape \" ok""#,
  ])
  func `decodes strings like Foundation`(literal: String) throws {
    let expected =
      try JSONSerialization.jsonObject(with: Data(literal.utf8), options: .fragmentsAllowed)
      as? String
    #expect(try string(literal) == expected)
  }

  @Test(arguments: [
    #""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\ud83d""#,
    #""\ud83d\u0041""#,
    #""\ude00\ud83d""#,
  ])
  func `rejects lone surrogates`(literal: String) { #expect(fault(Array(literal.utf8)) != nil) }

  @Test func `limits the nesting depth`() {
    let limit = JSONCursor.depthLimit
    func nested(_ depth: Int) -> [UInt8] {
      [UInt8](repeating: UInt8(ascii: "["), count: depth)
        + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
    }
    #expect(fault(nested(limit)) == nil)
    #expect(fault(nested(limit + 1))?.reason.contains("nested") == true)
    #expect(fault([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) != nil)
  }

  @Test func `reports the position of the wrong byte`() {
    #expect(fault(Array(#"{"a": tru}"#.utf8))?.position == 9)
    #expect(fault(Array(#"{"a": 1 ; 2}"#.utf8))?.position == 8)
    #expect(fault(Array(#"{"a": 1 ; 2}"#.utf8))?.reason == "unexpected ';'")
    #expect(fault(Array(#"["ab\q"]"#.utf8))?.position == 5)
    #expect(fault(Array("[1, 2".utf8))?.position == 5)
  }

  @Test func `never reads past its range`() {
    let text = Array(#""abc" 12345678 true [1] "#.utf8)
    text.withUnsafeBytes { buffer in
      for (start, whole) in [(0, 5), (6, 14), (15, 19), (20, 23)] {
        for end in start..<whole {
          var cursor = JSONCursor(buffer, in: start..<end)
          let isNumber = start == 6 && end > start
          #expect((cursor.faultOfWholeValue() == nil) == isNumber, "\(start)..<\(end)")
        }
      }
    }
  }

  /// Whichever way it is written, a string comes out in Normalization Form C, with the same bytes
  /// from both ways of decoding.
  @Test(arguments: [
    ("e\u{301}", "é"), (#"e\u0301"#, "é"), (#"\u0065\u0301"#, "é"), ("é", "é"), (#"\u00e9"#, "é"),
    ("\u{1100}\u{1161}\u{11A8}", "각"), (#"\u1100\u1161\u11a8"#, "각"), ("か\u{3099}", "が"),
    ("\u{212B}", "Å"), ("\u{F900}", "豈"), ("日本語", "日本語"), ("\u{E01}\u{E49}", "\u{E01}\u{E49}"),
    ("👩\u{200D}👧", "👩\u{200D}👧"), (#"\ud834\udd5e"#, "\u{1D157}\u{1D165}"),
    (#"plain \n e\u0301"#, "plain \n é"), ("a\u{301}\u{323}", "\u{1EA1}\u{301}"),
  ])
  func `normalizes strings to NFC`(written: String, wanted: String) throws {
    try Array("\"\(written)\"".utf8).withUnsafeBytes { buffer in
      var cursor = JSONCursor(buffer, in: 0..<buffer.count)
      let literal = try cursor.string()
      #expect(Array(literal.decoded(from: buffer).utf8) == Array(wanted.utf8))
      #expect(literal.withUTF8(in: buffer) { Array($0) } == Array(wanted.utf8))
    }
  }

  /// A file that changes after it was checked gives another text, never one that is too long.
  @Test func `decodes changed bytes within bounds`() {
    for text in [#"\\\\\\"#, #"abcd\u00"#, #"\ud83d\u"#, #"abcdefg\"#, "\\u\u{E9}\\u\u{E9}"] {
      let bytes = Array(text.utf8)
      bytes.withUnsafeBytes { buffer in
        let literal = JSONString(
          content: 0..<buffer.count, hasEscapes: true, isNormalized: true)
        #expect(literal.withUTF8(in: buffer) { $0.count } <= bytes.count)
      }
    }
  }
}

extension JSONCursor {
  fileprivate mutating func faultOfWholeValue() -> LineFault? {
    do throws(LineFault) {
      try skipValue()
      try finish()
      return nil
    } catch {
      return error
    }
  }
}
