import Foundation
import Testing

@testable import Torch

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
  func faultsNameTheFileTheKeyAndWhatBelongsThere(json: String, reason: String, expected: String)
    throws
  {
    let error = try #require(throws: InputError.self) {
      try decodeJSON(Value.self, from: Data(json.utf8), file: "f.json", expected: "a value")
    }
    #expect(error.file == "f.json" && error.reason.hasPrefix(reason), "\(error)")
    #expect(error.expected == expected, "\(error)")
  }
}
