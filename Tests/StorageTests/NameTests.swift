import Foundation
import Storage
import Testing

@Suite struct NameTests {
  @Test func `Unicode forms of a name are equal`() throws {
    let composed = try Name("caf\u{E9}")
    let decomposed = try Name("cafe\u{301}")
    #expect(composed == decomposed)
    #expect(composed.hashValue == decomposed.hashValue)
    #expect(Array(decomposed.text.utf8) == Array("caf\u{E9}".utf8))
    #expect(try Name("\u{1100}\u{1161}\u{11A8}").text.utf8.elementsEqual("각".utf8))
    #expect(try Name("\u{212B}").text.utf8.elementsEqual("\u{C5}".utf8))
  }

  @Test(arguments: [
    "a=b", "a/b", "b\t", "two\nlines", "\r\n", " ", "👩‍👩‍👧‍👦", "日本語", "\u{2028}", "\\u0000",
  ])
  func `accepts all but control characters`(text: String) throws {
    let name = try Name(text)
    #expect(name.text.utf8.elementsEqual(text.utf8))
    let again = try JSONDecoder().decode([Name].self, from: try JSONEncoder().encode([name]))
    #expect(again == [name])
  }

  @Test(arguments: [
    ("a\0b", 1, "U+0000"), ("\u{1B}[31m", 0, "U+001B"), ("ab\u{7F}", 2, "U+007F"),
    ("é\u{85}", 2, "U+0085"), ("\u{9F}", 0, "U+009F"), ("\u{B}", 0, "U+000B"),
  ])
  func `rejects control characters`(text: String, offset: Int, code: String) {
    let fault = #expect(throws: Name.Fault.self) { try Name(text) }
    #expect(fault?.offset == offset)
    #expect(fault?.reason.contains(code) == true)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Name].self, from: try JSONEncoder().encode([text]))
    }
  }

  @Test func `rejects the empty name`() {
    let fault = #expect(throws: Name.Fault.self) { try Name("") }
    #expect(fault?.offset == nil)
    let error = #expect(throws: ValueError.self) { try Name("", of: "label", from: "--add") }
    #expect(error?.description == "--add: the label \"\" is empty; expected a name")
  }

  @Test func `the index reports duplicate names`() throws {
    let index = try NameIndex(["a", "caf\u{E9}"], of: "label", file: "f")
    #expect(index["cafe\u{301}"] == 1)
    #expect(index["b"] == nil)
    #expect(index.count == 2)
    let error = #expect(throws: InputError.self) {
      try NameIndex(["caf\u{E9}", "x", "cafe\u{301}"], of: "label", file: "f")
    }
    #expect(
      error?.description == "f: the label \"café\" appears a second time; expected each label once")
  }

  @Test func `escapes characters that break a line`() {
    let text = "a\tb\r\nc\\\u{1B}[2J\u{2028}\u{9B}\0é"
    #expect(text.onOneLine == #"a\tb\r\nc\\u001b[2J\u2028\u009b\u0000é"#)
    #expect(text.asField == #"a\tb\r\nc\\\u001b[2J\u2028\u009b\u0000é"#)
    #expect(text.forTerminal == "a\tb\\r\nc\\\\u001b[2J\u{2028}\\u009b\\u0000é")
    #expect("plain é 日本".onOneLine == "plain é 日本")
  }
}
