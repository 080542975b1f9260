import Foundation
import Models
import TestSupport
import Testing

/// Annif's REST interface.
@Suite(.serialized) struct AnnifTests {
  private static let shared = Result { try SmallModel() }
  private static let form = ["Content-Type": "application/x-www-form-urlencoded"]
  private static let text = SmallDataset().rows[0].text

  private static func encoded(_ text: String) -> String {
    text.replacingOccurrences(of: " ", with: "+")
  }

  private static func results(_ answer: LoopbackClient.Answer) throws -> [[String: Any]] {
    try #require(answer.json["results"] as? [[String: Any]], "\(answer)")
  }

  @Test func `describes runs as projects`() async throws {
    try await withService(Self.shared.get()) { service in
      #expect(try await service.ask("GET", "/v1/").json["title"] is String)
      let list = try await service.ask("GET", "/v1/projects").json["projects"] as? [[String: Any]]
      #expect(list?.map { $0["project_id"] as? String } == ["run"])
      let project = try await service.ask("GET", "/v1/projects/run").json
      #expect(
        Set(project.keys) == [
          "project_id", "name", "language", "backend", "vocab", "vocab_language", "is_trained",
          "modification_time",
        ])
      #expect((project["modification_time"] as? String)?.hasSuffix("Z") == true)
      let vocabs = try await service.ask("GET", "/v1/vocabs").json["vocabs"] as? [[String: Any]]
      #expect(vocabs?.map { $0["size"] as? Int } == [SmallDataset.labelCount])
      let none = try await service.ask("GET", "/v1/projects/none")
      #expect(none.status == 404)
      #expect(none.head.contains("Content-Type: application/problem+json"))
      #expect((none.json["detail"] as? String)?.contains("'none' not found") == true)
      #expect(none.json["status"] as? Int == 404)
    }
  }

  @Test func `suggests the labels of predict with scores from 0 to 1`() async throws {
    let small = try Self.shared.get()
    let wanted = try small.open().predict([Self.text], k: 4)[0].labels
    try await withService(small) { service in
      let answer = try await service.ask(
        "POST", "/v1/projects/run/suggest", "text=\(Self.encoded(Self.text))&limit=4",
        headers: Self.form)
      let results = try Self.results(answer)
      #expect(results.compactMap { $0["uri"] as? String } == wanted.map(\.id))
      #expect(results.allSatisfy { $0["notation"] is NSNull && $0["label"] is String })
      expectClose(
        results.map { $0["score"] as? Double ?? .nan },
        wanted.map { exp($0.score - wanted[0].score) }, tolerance: 1e-5)
      let best = try await service.ask(
        "POST", "/v1/projects/run/suggest",
        "text=\(Self.encoded(Self.text))&threshold=1.0&metadata_title=x&language=und",
        headers: Self.form)
      #expect(try Self.results(best).compactMap { $0["uri"] as? String } == [wanted[0].id])
      // A text in which the model recognises nothing has no subjects.
      let unknown = try await service.ask(
        "POST", "/v1/projects/run/suggest", "text=qqqq", headers: Self.form)
      #expect(try Self.results(unknown).isEmpty)
    }
  }

  @Test func `a calibrated run suggests probabilities`() async throws {
    let small = try SmallModel(patience: 5)
    let calibration = try small.open().calibrate().calibration
    let wanted = try small.open().predict([Self.text], by: calibration, choosing: .likeliest(3))
    try await withService(small) { service in
      let answer = try await service.ask(
        "POST", "/v1/projects/run/suggest", "text=\(Self.encoded(Self.text))&limit=3",
        headers: Self.form)
      expectClose(
        try Self.results(answer).map { $0["score"] as? Double ?? .nan },
        wanted[0].labels.map { $0.probability ?? .nan }, tolerance: 1e-5)
    }
  }

  @Test func `suggests for a batch in its order`() async throws {
    try await withService(Self.shared.get()) { service in
      let answer = try await service.ask(
        "POST", "/v1/projects/run/suggest-batch?limit=1",
        #"{"documents": [{"text": "\#(Self.text)", "document_id": "d"}, {"text": "qqqq"}]}"#)
      let list = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [[String: Any]]
      #expect(list?.count == 2, "\(answer)")
      #expect(list?[0]["document_id"] as? String == "d" && list?[1]["document_id"] is NSNull)
      #expect((list?[0]["results"] as? [Any])?.count == 1)
      #expect((list?[1]["results"] as? [Any])?.isEmpty == true)
    }
  }

  @Test func `learns subjects as feedback, all documents or none`() async throws {
    let small = try SmallModel()
    func document(_ text: String, _ label: String) -> String {
      #"{"text": "\#(text)", "subjects": [{"uri": "\#(label)", "label": "x"}]}"#
    }
    let (good, bad) = (document("first", "label1"), document("second", "none"))
    let more = document("third", "label2")
    try await withService(small) { service in
      let refused = try await service.ask("POST", "/v1/projects/run/learn", "[\(good), \(bad)]")
      #expect(refused.status == 422, "\(refused)")
      #expect((refused.json["detail"] as? String)?.contains("no label \"none\"") == true)
      #expect(try await service.ask("GET", "/v1/feedback").body.isEmpty)
      let learnt = try await service.ask("POST", "/v1/projects/run/learn", "[\(good), \(more)]")
      #expect(learnt.status == 204 && learnt.body.isEmpty)
      #expect(
        try await service.ask("GET", "/v1/feedback").body
          == #"{"labels":["label1"],"rejected":[],"text":"first"}"# + "\n"
          + #"{"labels":["label2"],"rejected":[],"text":"third"}"# + "\n")
    }
  }

  @Test(arguments: [
    ("limit=3", 400, "\"text\" is missing"),
    ("text=a&limit=-1", 400, "\"limit\" is \"-1\""),
    ("text=a&threshold=2", 400, "\"threshold\" is \"2\""),
    ("text=a&language=fi", 400, "language \"fi\" not supported"),
    ("text=a&colour=red", 400, "no field \"colour\""),
    ("text=a&text=b", 400, "each name once"),
    ("text=%ff", 400, "percent-encoded"),
    ("text=%00", 400, "U+0000"),
  ]) func `explains bad forms`(body: String, status: Int, words: String) async throws {
    try await withService(Self.shared.get()) { service in
      let answer = try await service.ask(
        "POST", "/v1/projects/run/suggest", body, headers: Self.form)
      #expect(answer.status == status, "\(answer)")
      #expect((answer.json["detail"] as? String)?.contains(words) == true, "\(answer)")
    }
  }

  @Test func `a form has the type of a form`() async throws {
    try await withService(Self.shared.get()) { service in
      let answer = try await service.ask("POST", "/v1/projects/run/suggest", #"{"text": "a"}"#)
      #expect(answer.status == 415, "\(answer)")
      #expect((answer.json["detail"] as? String)?.contains("x-www-form-urlencoded") == true)
    }
  }
}
