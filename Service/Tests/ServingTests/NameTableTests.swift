import Foundation
import TestSupport
import Testing

/// Odd names and texts through every endpoint: each comes back with the same bytes, in
/// Normalization Form C, or is refused with the field's name.
@Suite(.serialized) struct NameTableTests {
  private func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private func encoded(_ name: String) -> String {
    name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? name
  }

  private struct Verdict: Decodable {
    var text: String?
    var labels: [String]?
  }

  @Test func `a name comes back unchanged or is rejected`() async throws {
    try await withService(try SmallModel()) { [self] service in
      for name in OddNames.taken + OddNames.refused {
        let (written, read) = (OddNames.decomposed(name), OddNames.read(name))
        let body = try json(["id": written, "text": "word1x1 word1x2"])
        let added = try await service.ask("POST", "/v1/labels", body)
        guard added.status == 201 else {
          #expect([400, 422].contains(added.status), "\(name.debugDescription): \(added)")
          #expect(added.message.contains("\"id\""), "\(added)")
          continue
        }
        #expect(!OddNames.refused.contains(name), "\(name.debugDescription) was taken")
        let again = try json(["id": read, "text": "word1x1"])
        #expect(try await service.ask("POST", "/v1/labels", again).status == 409)
        let one = try await service.ask("GET", "/v1/labels/\(encoded(written))")
        let id = one.json["id"] as? String ?? ""
        #expect(one.status == 200 && OddNames.areSame([id], [read]), "\(one)")
        let list = try await service.ask("GET", "/v1/labels?limit=1000&query=\(encoded(read))")
        let ids = (list.json["labels"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
        #expect(ids.contains { OddNames.areSame([$0], [read]) }, "\(list)")
        let verdict =
          "{\"text\": \(try json("of " + written)), \"accepted\": [\(try json(written))]}"
        #expect(try await service.ask("POST", "/v1/feedback", verdict).status == 201)
        let lines = try await service.ask("GET", "/v1/feedback").body.split(separator: "\n")
        let verdicts = try lines.map { try JSONDecoder().decode(Verdict.self, from: Data($0.utf8)) }
        let own = verdicts.filter { OddNames.areSame([$0.text ?? ""], ["of " + read]) }
        #expect(own.count == 1 && OddNames.areSame(own[0].labels ?? [], [read]))
      }
    }
  }

  @Test func `merges two Unicode forms of a text`() async throws {
    try await withService(try SmallModel()) { [self] service in
      for (text, verdict) in [("caf\u{E9}", "accepted"), ("cafe\u{301}", "rejected")] {
        let body = "{\"text\": \(try json(text)), \"\(verdict)\": [\"label1\"]}"
        #expect(try await service.ask("POST", "/v1/feedback", body).status == 201)
      }
      let export = try await service.ask("GET", "/v1/feedback").body
      #expect(export.split(separator: "\n").count == 1)
      #expect(export.contains("\"rejected\":[\"label1\"]") && !export.contains("\"labels\":[\"l"))
      let scores = try await ["re\u{E7}u word1x1", "rec\u{327}u word1x1"].asyncMap { text in
        let answer = try await service.ask("POST", "/v1/predict", "{\"text\": \(json(text))}")
        return answer.json["labels"] as? NSArray ?? []
      }
      #expect(scores[0] == scores[1])
    }
  }

  /// A verdict on a text with U+0000 must not become one on the part before it.
  @Test func `does not truncate texts at NUL`() async throws {
    try await withService(try SmallModel()) { [self] service in
      let body = "{\"text\": \(try json("nul\0after")), \"accepted\": [\"label1\"]}"
      let answer = try await service.ask("POST", "/v1/feedback", body)
      #expect([400, 422].contains(answer.status) && answer.message.contains("\"text\""))
      let export = try await service.ask("GET", "/v1/feedback").body
      #expect(!export.contains("nul"))
    }
  }
}

extension Sequence {
  fileprivate func asyncMap<R>(_ transform: (Element) async throws -> R) async rethrows -> [R] {
    var results: [R] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
