import Foundation
import Models
import Serving
import TestSupport
import Testing
import Torch

/// `/v1/embeddings` and `/v1/models`.
@Suite(.serialized) struct OpenAITests {
  private static let shared = Result { try SmallModel() }
  private static let texts = Array(SmallDataset().rows.prefix(2).map(\.text))

  private static func vectors(_ answer: LoopbackClient.Answer) -> [[Double]] {
    (answer.json["data"] as? [[String: Any]] ?? []).compactMap { $0["embedding"] as? [Double] }
  }

  private static func request(_ values: [String: Any]) throws -> String {
    String(decoding: try JSONSerialization.data(withJSONObject: values), as: UTF8.self)
  }

  @Test func `embeddings are those of the model, of length 1`() async throws {
    let small = try Self.shared.get()
    let model = try small.open()
    let rows = try model.embeddings(of: Self.texts).array(of: Float.self).map(Double.init)
    try await withService(small) { service in
      let answer = try await service.ask(
        "POST", "/v1/embeddings", Self.request(["input": Self.texts, "model": "run"]))
      #expect(answer.status == 200, "\(answer)")
      let vectors = Self.vectors(answer)
      #expect(vectors.count == 2)
      for (row, vector) in vectors.enumerated() {
        let own = rows[(row * 16)..<((row + 1) * 16)]
        let length = own.reduce(0) { $0 + $1 * $1 }.squareRoot()
        expectClose(vector, own.map { $0 / length }, tolerance: 1e-6)
      }
      let words = Self.texts.reduce(0) { $0 + $1.split(separator: " ").count }
      let usage = answer.json["usage"] as? [String: Int]
      #expect(usage == ["prompt_tokens": words, "total_tokens": words])
      #expect(answer.json["object"] as? String == "list")
      #expect(answer.json["model"] as? String == "run")

      // A prefix has length 1 again.
      let short = Self.vectors(
        try await service.ask(
          "POST", "/v1/embeddings", Self.request(["input": Self.texts[0], "dimensions": 4])))[0]
      let length = vectors[0].prefix(4).reduce(0) { $0 + $1 * $1 }.squareRoot()
      expectClose(short, vectors[0].prefix(4).map { $0 / length }, tolerance: 1e-6)

      let encoded = try await service.ask(
        "POST", "/v1/embeddings",
        Self.request(["input": Self.texts[0], "encoding_format": "base64"]))
      let text = (encoded.json["data"] as? [[String: Any]])?.first?["embedding"] as? String
      let data = try #require(text.flatMap { Data(base64Encoded: $0) })
      let numbers = data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      expectClose(numbers.map(Double.init), vectors[0], tolerance: 1e-6)
    }
  }

  @Test(arguments: [
    (#"{"model": "run"}"#, 400, "input", "missing"),
    (#"{"input": []}"#, 400, "input", "no text"),
    (#"{"input": [1, 2]}"#, 400, "input", "token ids"),
    (#"{"input": [[1, 2], [3]]}"#, 400, "input", "token ids"),
    (#"{"input": ["a", 5]}"#, 400, "input", "not a string"),
    (#"{"input": "a", "model": "gpt"}"#, 404, "model", "the models are run"),
    (#"{"input": "a", "dimensions": 17}"#, 400, "dimensions", "expected 1 to 16"),
    (#"{"input": "a", "encoding_format": "hex"}"#, 400, "encoding_format", "float or base64"),
    (#"{"input": "a", "size": 1}"#, 400, nil, "no key \"size\""),
  ]) func `explains bad requests in OpenAI's form`(
    body: String, status: Int, parameter: String?, words: String
  ) async throws {
    try await withService(Self.shared.get()) { service in
      let answer = try await service.ask("POST", "/v1/embeddings", body)
      let error = try #require(answer.json["error"] as? [String: Any], "\(answer)")
      #expect(answer.status == status)
      #expect(error["type"] as? String == "invalid_request_error")
      #expect((error["message"] as? String)?.contains(words) == true, "\(error)")
      #expect(error["param"] as? String == parameter, "\(error)")
      #expect(Set(error.keys) == ["message", "type", "param", "code"])
    }
  }

  @Test func `lists the runs as models`() async throws {
    try await withService(Self.shared.get()) { service in
      let list = try await service.ask("GET", "/v1/models").json["data"] as? [[String: Any]]
      #expect(list?.map { $0["id"] as? String } == ["run"])
      let one = try await service.ask("GET", "/v1/models/run").json
      #expect(one["object"] as? String == "model" && one["created"] as? Int ?? 0 > 1_700_000_000)
      let none = try await service.ask("GET", "/v1/models/gpt")
      #expect(none.status == 404 && none.code == "model_not_found")
    }
  }

  @Test func `refuses more texts than the limit`() async throws {
    try await withService(Self.shared.get(), { $0.maximumEmbeddings = 2 }) { service in
      let answer = try await service.ask(
        "POST", "/v1/embeddings", #"{"input": ["a", "b", "c"]}"#)
      #expect(answer.status == 413 && answer.message.contains("at most 2"), "\(answer)")
    }
  }
}
