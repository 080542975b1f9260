import Foundation
import Models
import Serving
import TestSupport
import Testing
import Torch

/// `/embed`, `/rerank`, `/similarity`, `/info` and `/health`.
@Suite(.serialized) struct TextEmbeddingsInferenceTests {
  private static let shared = Result { try SmallModel() }
  private static let texts = Array(SmallDataset().rows.prefix(3).map(\.text))

  private static func request(_ values: [String: Any]) throws -> String {
    String(decoding: try JSONSerialization.data(withJSONObject: values), as: UTF8.self)
  }

  private static func value<Value>(_ answer: LoopbackClient.Answer) throws -> Value {
    let found = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? Value
    return try #require(found, "\(answer)")
  }

  /// The cosines of the first text with the others, computed from the model.
  private static func cosines(_ small: SmallModel) throws -> [Double] {
    let rows = try small.open().embeddings(of: texts).array(of: Float.self).map(Double.init)
    func row(_ index: Int) -> ArraySlice<Double> { rows[(index * 16)..<((index + 1) * 16)] }
    func product(_ i: Int, _ j: Int) -> Double {
      zip(row(i), row(j)).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return [1, 2].map { product(0, $0) / (product(0, 0) * product($0, $0)).squareRoot() }
  }

  @Test(arguments: ["/embed", "/", "/v1/runs/run/embed"])
  func `embeds one text or several`(path: String) async throws {
    let small = try Self.shared.get()
    let raw = try small.open().embeddings(of: Self.texts).array(of: Float.self).map(Double.init)
    try await withService(small) { service in
      let answer = try await service.ask(
        "POST", path, Self.request(["inputs": Self.texts, "normalize": false]))
      let vectors: [[Double]] = try Self.value(answer)
      expectClose(vectors.flatMap(\.self), raw, tolerance: 1e-6)
      let one: [[Double]] = try Self.value(
        try await service.ask(
          "POST", path,
          Self.request(["inputs": Self.texts[0], "dimensions": 4, "truncate": NSNull()])))
      #expect(one.count == 1 && one[0].count == 4)
      expectClose(one[0].reduce(0) { $0 + $1 * $1 }, 1, tolerance: 1e-5)
    }
  }

  @Test func `reranks by cosine`() async throws {
    let small = try Self.shared.get()
    let cosines = try Self.cosines(small)
    let order = cosines[0] >= cosines[1] ? [0, 1] : [1, 0]
    try await withService(small) { service in
      let body: [String: Any] = ["query": Self.texts[0], "texts": Array(Self.texts[1...])]
      for (isRaw, wanted) in [(true, cosines), (false, cosines.map { (1 + $0) / 2 })] {
        let answer = try await service.ask(
          "POST", "/rerank",
          Self.request(body.merging(["raw_scores": isRaw, "return_text": isRaw]) { $1 }))
        let ranks: [[String: Any]] = try Self.value(answer)
        #expect(ranks.compactMap { $0["index"] as? Int } == order)
        expectClose(
          ranks.map { $0["score"] as? Double ?? .nan }, order.map { wanted[$0] }, tolerance: 1e-5)
        #expect(ranks[0]["text"] as? String == (isRaw ? Self.texts[order[0] + 1] : nil))
      }
      let similar: [Double] = try Self.value(
        try await service.ask(
          "POST", "/similarity",
          Self.request([
            "inputs": [
              "source_sentence": Self.texts[0], "sentences": Array(Self.texts[1...]),
            ], "parameters": [:],
          ])))
      expectClose(similar, cosines, tolerance: 1e-5)
      // Nothing is near a text in which the model recognises nothing.
      let unknown: [[String: Any]] = try Self.value(
        try await service.ask(
          "POST", "/rerank",
          Self.request(["query": "qqqq", "texts": [Self.texts[0]], "raw_scores": true])))
      #expect(unknown[0]["score"] as? Double == 0)
    }
  }

  @Test(arguments: [
    ("/embed", #"{"inputs": []}"#, 400, "Empty", "no text"),
    ("/embed", #"{"inputs": 5}"#, 400, "Validation", "inputs"),
    ("/embed", #"{"inputs": "a", "prompt_name": "query"}"#, 400, "Validation", "no prompt"),
    ("/embed", #"{"inputs": "a", "truncation_direction": "Left"}"#, 400, "Validation", "Right"),
    ("/rerank", #"{"query": "a", "texts": []}"#, 400, "Empty", "texts"),
    ("/rerank", #"{"texts": ["a"]}"#, 400, "Validation", "\"query\" is missing"),
    ("/v1/runs/none/embed", #"{"inputs": "a"}"#, 404, "Validation", "the runs are run"),
  ]) func `explains bad requests in that server's form`(
    path: String, body: String, status: Int, type: String, words: String
  ) async throws {
    try await withService(Self.shared.get()) { service in
      let answer = try await service.ask("POST", path, body)
      #expect(answer.status == status, "\(answer)")
      #expect((answer.json["error"] as? String)?.contains(words) == true, "\(answer)")
      #expect(answer.json["error_type"] as? String == type)
    }
  }

  @Test func `describes itself and its health`() async throws {
    try await withService(Self.shared.get(), { $0.token = "secret" }) { service in
      let health = try await service.ask("GET", "/health")
      #expect(health.status == 200 && health.body.isEmpty)
      #expect(try await service.ask("POST", "/", #"{"inputs": "a"}"#).status == 401)
      let info = try await service.ask(
        "GET", "/info", headers: ["Authorization": "Bearer secret"])
      #expect(info.json["model_id"] as? String == "run")
      #expect(info.json["max_client_batch_size"] as? Int == 2048)
      let wrong = try await service.ask(
        "GET", "/embed", headers: ["Authorization": "Bearer secret"])
      #expect(wrong.status == 405 && wrong.head.contains("Allow: POST"))
      #expect(wrong.json["error_type"] as? String == "Validation")
    }
  }
}
