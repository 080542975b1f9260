import Storage
import Testing

@testable import Datasets

@Suite struct ControlFileTests {
  private func lines(_ text: String, _ name: StaticString) throws -> [[String]?] {
    var found: [[String]?] = []
    try Array(text.utf8).withUnsafeBytes { bytes in
      try ControlFile.forEachStanza(in: bytes, file: "f") { found.append($0.lines(name)) }
    }
    return found
  }

  @Test func `reads fields and continuation lines`() throws {
    let text = """


      Package:  a\u{20}
      # a comment
      Tag: x::y,
       x::z,
      \tw::v
      Empty:

      package: b
      TAG:one:two
      """
    #expect(try lines(text, "PACKAGE") == [["a"], ["b"]])
    #expect(try lines(text, "Tag") == [["x::y,", "x::z,", "w::v"], ["one:two"]])
    #expect(try lines(text, "Empty") == [[""], nil])
    #expect(try lines(text, "Ta") == [nil, nil])
    #expect(try lines("", "Tag").isEmpty && lines("\n\n", "Tag").isEmpty)
  }

  @Test func `accepts CRLF and a missing final newline`() throws {
    #expect(try lines("A: 1\r\nB: 2\r\n c\r\n\r\nA: 3", "A") == [["1"], ["3"]])
    #expect(try lines("A: 1\r\nB: 2\r\n c\r\n\r\nA: 3", "B") == [["2", "c"], nil])
  }

  @Test(arguments: [
    ("Package: a\n\n continued\n", 3), ("Package: a\nno field\n", 2), (": value\n", 1),
    (" x: y\n", 1),
  ])
  func `rejects malformed fields with their line`(text: String, line: Int) throws {
    let error = try #require(throws: InputError.self) { try lines(text, "Package") }
    #expect(error.line == line && error.file == "f")
  }
}
