import Foundation
import Testing

@testable import Storage

@Suite struct JSONDecodingTests {
  private struct Value: Decodable {
    struct Inner: Decodable { var count: Int }
    var name: String
    var flag: Bool?
    var inner: Inner?
    var list: [Double]?
  }

  @Test(
    arguments: [
      ("{}", "the key name is missing", "a value"),
      (#"{"name":"a","inner":{}}"#, "the key inner.count is missing", "a value"),
      (#"{"name":7}"#, "name is of another kind", "text in quotation marks"),
      (#"{"name":null}"#, "name is of another kind", "text in quotation marks"),
      (#"{"name":"a","flag":"yes"}"#, "flag is of another kind", "true or false"),
      (#"{"name":"a","inner":{"count":"x"}}"#, "inner.count is of another kind", "a whole number"),
      (#"{"name":"a","list":[1,"x"]}"#, "list.Index 1 is of another kind", "a number"),
      (#"{"name":"a","list":7}"#, "list is of another kind", "a list: […]"),
      ("[]", "the whole is of another kind", "an object: {…}"), ("{", "not JSON", "a value"),
      ("", "not JSON", "a value"),
    ])
  func `errors name file, key and expected value`(json: String, reason: String, expected: String)
    throws
  {
    let error = try #require(throws: InputError.self) {
      try decodeJSON(Value.self, from: Data(json.utf8), file: "f.json", expected: "a value")
    }
    #expect(error.file == "f.json" && error.reason.hasPrefix(reason), "\(error)")
    #expect(error.expected == expected, "\(error)")
  }

  @Test func `text that is not JSON is named with line and column`() throws {
    func place(_ json: String, firstLine: Int? = 1) throws -> [Int?] {
      let error = try #require(throws: InputError.self) {
        try decodeJSON(Value.self, from: Data(json.utf8), file: "f.json", firstLine: firstLine)
      }
      #expect(error.reason.hasPrefix("not JSON: "), "\(error)")
      return [error.line, error.column]
    }
    #expect(try place("{\n \"name\": tru}") == [2, 13])
    #expect(try place(#"{"name": "\ud83d"}"#) == [1, 11])
    #expect(try place("{\"name\": // none\n \"a\"}") == [1, 10])
    #expect(try place("{]", firstLine: 7) == [7, 2])
    #expect(try place("{]", firstLine: nil)[0] == nil)
  }

  @Test func `a byte order mark is skipped and a pair of surrogates read`() throws {
    let json = Data([0xEF, 0xBB, 0xBF]) + Data(#"{"name": "\ud83d\ude00"}"#.utf8)
    #expect(try decodeJSON(Value.self, from: json, file: "f.json").name == "😀")
  }
}
