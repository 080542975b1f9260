import Testing

@testable import Storage

@Suite struct JSONValueTests {
  private func read(_ text: String, isLenient: Bool = true) throws -> JSONValue {
    try JSONText(text, file: "f.json", isLenient: isLenient).root.value
  }

  @Test func `keeps the order of names and every digit of numbers`() throws {
    let text = #"{"b": 18446744073709551615, "a": [1.50, -2e3, null, true, "x\n"]}"#
    let value = try read(text, isLenient: false)
    #expect(value.members.map(\.name) == ["b", "a"])
    #expect(value.json == text)
  }

  @Test func `values are compared without their places`() throws {
    #expect(try read("{a: [1]}") == read("  {\n 'a' :[ 1 ]}"))
    #expect(try read("{a: [1]}") != read("{b: [1]}"))
    #expect(try read("[1]") != read("[1.0]"))
  }

  /// Pairs of texts as people write and the same in strict JSON.
  private static let lenient = [
    ("// a\n1 // b", "1"), ("/* a\n b */ 1 /**/", "1"), ("[1, 2,]", "[1, 2]"),
    (
      "{a: 1, b-c: 2, 'd': 3, \"e\": 4, größe_$: 5,}",
      #"{"a": 1, "b-c": 2, "d": 3, "e": 4, "größe_$": 5}"#
    ),
    (#"'it\'s "so"'"#, #""it's \"so\"""#), ("'a\tb'", #""a\tb""#),
    ("\"a // b /* c\"", #""a // b /* c""#),
    ("\u{FEFF}{\u{A0}a\u{2003}:\u{2028}1\u{B}}", #"{"a": 1}"#), ("{/* none */}", "{}"),
    (#"'\ud83d\ude00'"#, "\"😀\""),
  ]

  @Test(arguments: lenient)
  func `the lenient mode reads comments and trailing commas`(text: String, strict: String) throws {
    #expect(try read(text).json == strict)
    #expect(try read(strict, isLenient: false).json == strict)
  }

  @Test(arguments: lenient.dropLast().map(\.0).filter { !$0.contains("a // b /* c") })
  func `the strict mode refuses it`(text: String) {
    #expect(throws: InputError.self) {
      try read(text.replacing("\u{FEFF}", with: ""), isLenient: false)
    }
  }

  @Test(arguments: [true, false])
  func `a pair of surrogates is a character, half of one is an error`(isLenient: Bool) throws {
    #expect(try read(#"{"a": "\ud83d\ude00"}"#, isLenient: isLenient).json == #"{"a": "😀"}"#)
    for half in [#"\ud83d"#, #"\ude00"#, #"\ud83d\u0041"#, #"\ud83dx"#] {
      let error = #expect(throws: InputError.self) {
        try read("{\"a\":\n  \"é\(half)\"}", isLenient: isLenient)
      }
      #expect(error?.file == "f.json" && error?.line == 2 && error?.column == 6, "\(half)")
      #expect(error?.reason.contains("surrogate") == true)
    }
  }

  @Test(arguments: [
    ("{\n\"a\": 1\n\"b\": 2}", 3, 1, "unexpected '\"'"),
    ("{\n \"a", 2, 2, "the string is not closed"),
    ("{} x", 1, 4, "unexpected 'x'"), ("{ /* x", 1, 3, "the comment is not closed"),
    ("{\"a\": 1", 1, 8, "the text ends too early"), ("{a 1}", 1, 4, "unexpected '1'"),
    ("{a: b}", 1, 5, "unexpected 'b'"), ("{a: 01}", 1, 6, "unexpected '1'"),
    ("", 1, 1, "the text ends too early"), ("{a: trust}", 1, 8, "unexpected 's'"),
    ("{a: 1,\n \"a\": 2}", 2, 3, "the key \"a\" comes twice"), ("{a:1,,}", 1, 6, "unexpected ','"),
    (String(repeating: "[", count: 70), 1, 65, "nested too deep"),
    ("'a\nb'", 1, 3, "unexpected byte 0xA"),
    ("/", 1, 1, "unexpected '/'"), ("\u{0}", 1, 1, "unexpected byte 0x0"),
  ])
  func `errors name the line and the column`(text: String, line: Int, column: Int, reason: String) {
    let error = #expect(throws: InputError.self) { try read(text) }
    #expect(
      error?.line == line && error?.column == column && error?.reason.contains(reason) == true,
      "\(error?.description ?? "")")
  }
}
