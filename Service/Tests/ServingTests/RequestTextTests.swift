import Foundation
import TestSupport
import Testing

@testable import Serving

/// Names and texts of requests: one identity, and nothing that acts where it is shown.
@Suite(.serialized) struct RequestTextTests {
  private static let shared = Result { try SmallModel() }

  @Test func `both normal forms are one text`() async throws {
    try await withService(SmallModel()) { service in
      let first = try await service.ask(
        "POST", "/v1/feedback", #"{"text": "caf\u00e9", "accepted": ["label1"]}"#)
      let second = try await service.ask(
        "POST", "/v1/feedback", #"{"text": "cafe\u0301", "rejected": ["label1"]}"#)
      #expect(first.status == 201 && second.status == 201)
      let body = try await service.ask("GET", "/v1/feedback").body
      let wanted = "{\"labels\":[],\"rejected\":[\"label1\"],\"text\":\"caf\u{e9}\"}\n"
      #expect(body.utf8.elementsEqual(wanted.utf8), "\(body)")
    }
  }

  @Test func `both normal forms are one label`() async throws {
    try await withService(SmallModel()) { service in
      let added = try await service.ask(
        "POST", "/v1/labels", #"{"id": "cafe\u0301", "text": "word1x1"}"#)
      #expect(added.status == 201 && added.body.contains("caf\u{e9}\""), "\(added)")
      let again = try await service.ask(
        "POST", "/v1/labels", #"{"id": "caf\u00e9", "text": "word1x1"}"#)
      #expect(again.status == 409, "\(again)")
      for path in ["/v1/labels/caf%C3%A9", "/v1/labels/cafe%CC%81"] {
        #expect(try await service.ask("GET", path).status == 200, "\(path)")
      }
      for path in ["/v1/labels?query=f%C3%A9", "/v1/labels?query=fe%CC%81"] {
        #expect(try await service.ask("GET", path).json["total"] as? Int == 1, "\(path)")
      }
      for label in [#"caf\u00e9"#, #"cafe\u0301"#] {
        let kept = try await service.ask(
          "POST", "/v1/feedback", #"{"text": "alpha", "accepted": ["\#(label)"]}"#)
        #expect(kept.status == 201, "\(kept)")
      }
      let twice = try await service.ask(
        "POST", "/v1/feedback", #"{"text": "a", "accepted": ["caf\u00e9", "cafe\u0301"]}"#)
      #expect(twice.status == 422 && twice.code == "label_twice", "\(twice)")
    }
  }

  @Test(arguments: [
    (
      "/v1/labels", #"{"id": "a\u0000b", "text": "word1x1"}"#,
      "\"id\": it contains the control character U+0000"
    ),
    ("/v1/labels", #"{"id": "a\u001b[2J", "text": "word1x1"}"#, "U+001B"),
    ("/v1/labels", #"{"id": "a\tb", "text": "word1x1"}"#, "U+0009"),
    ("/v1/labels", #"{"id": "a\u0085b", "text": "word1x1"}"#, "U+0085"),
    ("/v1/labels", #"{"id": "a\u2028b", "text": "word1x1"}"#, "U+2028"),
    (
      "/v1/labels", #"{"id": "new", "text": "word1x1\u0000word"}"#,
      "\"text\": it contains the character U+0000"
    ),
    ("/v1/feedback", #"{"text": "nul\u0000after", "accepted": ["label1"]}"#, "U+0000"),
    ("/v1/feedback", #"{"text": "a", "accepted": ["label1", "b\u007f"]}"#, "\"accepted[1]\""),
    ("/v1/feedback", #"{"text": "a", "rejected": ["\u0000"]}"#, "\"rejected[0]\""),
    ("/v1/predict", #"{"text": "nul\u0000after"}"#, "\"text\""),
    ("/v1/predict", #"{"texts": ["a", "b\u0000"]}"#, "\"texts[1]\""),
    ("/v1/similar", #"{"text": "\u0000"}"#, "\"text\""),
  ]) func `rejects control characters with their position`(
    path: String, body: String, words: String
  )
    async throws
  {
    try await withService(Self.shared.get()) { service in
      let answer = try await service.ask("POST", path, body)
      #expect(answer.status == 400 && answer.message.contains(words), "\(answer)")
    }
  }

  @Test func `other characters round-trip unchanged`() async throws {
    let small = try SmallModel()
    let names = [
      "=", "a=b", "/", "../..", "%2F", "?", "👩‍👩‍👧‍👦", "<b>&\"'", "\\", " ",
      String(repeating: "é", count: 200),
    ]
    try await withService(small) { service in
      for name in names {
        let json = String(decoding: try JSONEncoder().encode(name), as: UTF8.self)
        let added = try await service.ask(
          "POST", "/v1/labels", #"{"id": \#(json), "text": "word1x1"}"#)
        #expect(added.status == 201 && added.json["id"] as? String == name, "\(added)")
        let kept = try await service.ask(
          "POST", "/v1/feedback", #"{"text": "tab\t\u001b line\n end", "accepted": [\#(json)]}"#)
        #expect(kept.status == 201, "\(kept)")
      }
      for name in names {
        let path = try #require(name.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let answer = try await service.ask("GET", "/v1/labels/" + path)
        #expect(answer.json["id"] as? String == name, "\(answer)")
      }
      let lines = try await service.ask("GET", "/v1/feedback").body.split(separator: "\n")
      let last = try JSONDecoder().decode(
        ServiceStore.Feedback.self, from: Data(try #require(lines.last).utf8))
      #expect(last.labels == names && last.text == "tab\t\u{1b} line\n end")
      let long = String(repeating: "é", count: 201)
      let refused = try await service.ask(
        "POST", "/v1/labels", #"{"id": "\#(long)", "text": "word1x1"}"#)
      #expect(refused.status == 400 && refused.message.contains("201 characters"), "\(refused)")
    }
  }
}
