import Foundation
import Models
import Serving
import TestSupport
import Testing
import Torch

/// The service over HTTP.
@Suite(.serialized) struct DecantServiceTests {
  private func names(_ answer: LoopbackClient.Answer) -> [String] {
    (answer.json["labels"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
  }

  @Test func `predictions equal those of the model`() async throws {
    let small = try SmallModel()
    let texts = SmallDataset().rows.prefix(3).map(\.text)
    let wanted = try small.open().predict(texts, k: 5).map { $0.labels.map(\.id) }
    try await withService(small) { [self] service in
      let one = try await service.ask("POST", "/v1/predict", #"{"text": "\#(texts[0])"}"#)
      #expect(one.status == 200 && names(one) == wanted[0])
      #expect(one.head.contains("Content-Type: application/json; charset=utf-8"))
      let many = try await service.ask(
        "POST", "/v1/predict", #"{"texts": ["\#(texts[1])", "\#(texts[2])"], "k": 5}"#)
      let predictions = many.json["predictions"] as? [[String: Any]] ?? []
      #expect(predictions.count == 2)
      for (prediction, wanted) in zip(predictions, wanted[1...]) {
        let labels = prediction["labels"] as? [[String: Any]] ?? []
        #expect(labels.compactMap { $0["id"] as? String } == wanted)
      }
    }
  }

  @Test func `ranks the labels that a request asks for, and none for an unknown text`() async throws
  {
    let small = try SmallModel()
    let text = SmallDataset().rows[0].text
    let whole = try small.open().predict([text], k: 20)[0].labels.map(\.id)
    try await withService(small) { [self] service in
      let only = try await service.ask(
        "POST", "/v1/predict", #"{"text": "\#(text)", "only": ["\#(whole[7])", "\#(whole[2])"]}"#)
      #expect(names(only) == [whole[2], whole[7]])
      let rest = try await service.ask(
        "POST", "/v1/predict", #"{"text": "\#(text)", "k": 3, "except": ["\#(whole[0])"]}"#)
      #expect(names(rest) == Array(whole[1...3]))
      #expect(!only.body.contains("known"))
      for body in [#"{"text": "qwertz"}"#, #"{"text": "", "only": ["label1"]}"#] {
        let unknown = try await service.ask("POST", "/v1/predict", body)
        #expect(unknown.status == 200 && unknown.body == #"{"known":false,"labels":[]}"#)
      }
    }
  }

  @Test func `the tuned threshold gives the labels of the calibration's thresholds`() async throws {
    let small = try SmallModel(patience: 5)
    let model = try small.open()
    let (calibration, _) = try model.calibrate(.init())
    let texts = SmallDataset().rows.prefix(40).map(\.text)
    let wanted = try model.predict(texts, by: calibration, choosing: .tuned)
    #expect(wanted.contains { $0.labels.count > 1 } && wanted.contains { $0.labels.count < 5 })
    try await withService(small) { [self] service in
      for (text, prediction) in zip(texts, wanted) {
        let tuned = try await service.ask(
          "POST", "/v1/predict", #"{"text": "\#(text)", "threshold": "tuned"}"#)
        #expect(names(tuned) == prediction.labels.map(\.id), "\(tuned)")
        let first = try await service.ask(
          "POST", "/v1/predict", #"{"text": "\#(text)", "threshold": "tuned", "k": 1}"#)
        #expect(names(first) == prediction.labels.prefix(1).map(\.id))
      }
      // Requests for probabilities are ranked apart.
      let all = try await service.ask(
        "POST", "/v1/predict", #"{"text": "\#(texts[0])", "threshold": 0, "k": 7}"#)
      #expect(names(all).count == 7)
    }
  }

  @Test(arguments: [
    ("/v1/predict", "{", 400, "not JSON"),
    ("/v1/predict", "{}", 400, "\"text\" or \"texts\" is missing"),
    ("/v1/predict", #"{"text": "a", "texts": ["b"]}"#, 400, "both"),
    ("/v1/predict", #"{"text": 5}"#, 400, "\"text\" is not a string"),
    ("/v1/predict", #"{"texts": ["a", 5]}"#, 400, "texts"),
    ("/v1/predict", #"{"texts": []}"#, 400, "0 elements"),
    ("/v1/predict", #"{"text": "a", "k": 0}"#, 400, "\"k\" is 0"),
    ("/v1/predict", #"{"text": "a", "k": 1e9}"#, 400, "\"k\" is 1000000000"),
    ("/v1/predict", #"{"text": "a", "k": 2.5}"#, 400, "\"k\" is not a whole number"),
    ("/v1/predict", #"{"text": "a", "K": 5}"#, 400, "no key \"K\"; the keys are except, k, only"),
    ("/v1/predict", #"{"text": "a", "threshold": 0.5}"#, 422, "needs probabilities"),
    ("/v1/predict", #"{"text": "a", "threshold": "tuned"}"#, 422, "run decant calibrate on it"),
    ("/v1/predict", #"{"text": "a", "threshold": "0.5"}"#, 400, "\"0.5\"; expected 0 to 1, or \"t"),
    ("/v1/predict", #"{"text": "a", "threshold": 2}"#, 400, "expected 0 to 1"),
    ("/v1/predict", #"{"text": "a", "threshold": [1]}"#, 400, "neither a number nor a string"),
    ("/v1/predict", #"{"text": "a", "k": null}"#, 400, "\"k\" is null; expected a number"),
    ("/v1/predict", #"{"text": "a", "only": ["label1", "nobody"]}"#, 422, "\"nobody\""),
    ("/v1/predict", #"{"text": "a", "except": ["nobody"]}"#, 422, "\"nobody\""),
    ("/v1/predict", #"{"text": "a", "only": []}"#, 400, "leave no label"),
    ("/v1/predict", #"{"text": "a", "only": ["label1"], "except": ["label1"]}"#, 400, "no label"),
    ("/v1/predict", #"[1]"#, 400, "the body is not an object"),
    ("/v1/similar", #"{"text": "a"}"#, 404, "--documents"),
    ("/v1/labels", #"{"id": "label1", "text": "word1x1"}"#, 409, "label1"),
    ("/v1/labels", #"{"id": "", "text": "word1x1"}"#, 400, "0 characters"),
    ("/v1/labels", #"{"id": "a\nb", "text": "word1x1"}"#, 400, "one line"),
    ("/v1/labels", #"{"id": "new", "text": " "}"#, 400, "\"text\" is empty"),
    ("/v1/labels", #"{"id": "new", "text": "qqqq zzzz"}"#, 422, "knows no word"),
    ("/v1/feedback", #"{"text": "a"}"#, 400, "0 labels"),
    ("/v1/runs/other/predict", #"{"text": "a"}"#, 404, "no run \"other\"; the runs are run"),
    ("/v1/feedback", #"{"text": "a", "accepted": ["nobody"]}"#, 422, "nobody"),
    (
      "/v1/feedback", #"{"text": "a", "accepted": ["label1"], "rejected": ["label1"]}"#, 422,
      "twice"
    ),
  ]) func `explains bad requests`(path: String, body: String, status: Int, words: String)
    async throws
  {
    try await withService(Self.shared.get()) { service in
      let answer = try await service.ask("POST", path, body)
      #expect(answer.status == status, "\(answer)")
      #expect(answer.message.contains(words), "\(answer)")
    }
  }

  /// Trained once; the cases above only read it.
  private static let shared = Result { try SmallModel() }

  @Test func `rejects unknown methods and paths`() async throws {
    try await withService(Self.shared.get()) { [self] service in
      let wrong = try await service.ask("DELETE", "/v1/labels")
      #expect(wrong.status == 405 && wrong.head.contains("Allow: GET, POST, HEAD"))
      #expect(try await service.ask("GET", "/v2/labels").status == 404)
      let plain = try await service.ask(
        "POST", "/v1/predict", "text=a", headers: ["Content-Type": "text/plain"])
      #expect(plain.status == 415 && plain.code == "unsupported_media_type")
      #expect(try await service.ask("GET", "/v1/labels?limit=x").status == 400)
      #expect(try await service.ask("GET", "/v1/labels/label3").json["id"] as? String == "label3")
      #expect(try await service.ask("GET", "/v1/labels/none").code == "no_such_label")
      let found = try await service.ask("GET", "/v1/labels?query=LABEL1&limit=3")
      #expect(found.json["total"] as? Int == 11)
      #expect((found.json["labels"] as? [Any])?.count == 3)
      let rest = try await service.ask("GET", "/v1/labels?query=label1&limit=30&offset=9")
      #expect(rest.json["total"] as? Int == 11 && names(rest).count == 2)
      for path in ["/v1/labels?x=1", "/v1/labels/label3?x=1", "/v1/model?x=1", "/v1/feedback?x"] {
        let strange = try await service.ask("GET", path)
        #expect(strange.status == 400 && strange.message.contains("no parameter \"x\""), "\(path)")
      }
    }
  }

  @Test func `ranks an added label, also after a restart`() async throws {
    let small = try SmallModel()
    let text = (0..<4).map { SmallDataset.word(of: 2, $0) }.joined(separator: " ")
    let label = #"{"id": "two again/ü", "text": "\#(text)"}"#
    let question = #"{"text": "\#(text)", "k": 2}"#
    try await withService(small) { [self] service in
      let added = try await service.ask("POST", "/v1/labels", label)
      #expect(added.status == 201 && added.json["id"] as? String == "two again/ü")
      let best = names(try await service.ask("POST", "/v1/predict", question))
      #expect(Set(best) == ["label2", "two again/ü"])
      #expect(try await service.ask("POST", "/v1/labels", label).status == 409)
      let path = try #require(
        added.head.split(separator: "\r\n").first { $0.hasPrefix("Location: ") })
      let again = try await service.ask("GET", String(path.dropFirst("Location: ".count)))
      #expect(again.json["text"] as? String == text)
    }
    try await withService(small) { [self] service in
      let best = names(try await service.ask("POST", "/v1/predict", question))
      #expect(Set(best) == ["label2", "two again/ü"])
      #expect(try await service.ask("POST", "/v1/labels", label).status == 409)
    }
  }

  private static let twoAgain = (0..<4).map { SmallDataset.word(of: 2, $0) }.joined(separator: " ")

  private func add(_ id: String, to service: LoopbackClient) async throws -> Int {
    let label = #"{"id": "\#(id)", "text": "\#(Self.twoAgain)"}"#
    return try await service.ask("POST", "/v1/labels", label).status
  }

  @Test func `removes an added label with the verdicts on it`() async throws {
    let small = try SmallModel()
    let question = #"{"text": "\#(Self.twoAgain)", "k": 100}"#
    try await withService(small) { [self] service in
      let before = try await service.ask("POST", "/v1/predict", question).body
      for id in ["first/ü", "second"] { #expect(try await add(id, to: service) == 201) }
      for verdict in [
        #"{"text": "a", "accepted": ["first/ü"]}"#,
        #"{"text": "b", "accepted": ["label1"], "rejected": ["first/ü", "second"]}"#,
      ] {
        #expect(try await service.ask("POST", "/v1/feedback", verdict).status == 201)
      }
      let removed = try await service.ask("DELETE", "/v1/labels/first%2F%C3%BC")
      #expect(removed.status == 200 && removed.body == #"{"id":"first/ü","verdicts":2}"#)

      #expect(try await service.ask("GET", "/v1/labels/first%2F%C3%BC").status == 404)
      #expect(try await service.ask("GET", "/v1/labels/second").status == 200)
      let ranked = names(try await service.ask("POST", "/v1/predict", question))
      #expect(ranked.count == SmallDataset.labelCount + 1 && ranked.contains("second"))
      let lines = try await service.ask("GET", "/v1/feedback").body.split(separator: "\n")
      #expect(
        lines == [
          #"{"label":"second","text":"\#(Self.twoAgain)"}"#[...],
          #"{"labels":["label1"],"rejected":["second"],"text":"b"}"#,
        ])
      let again = try await service.ask("DELETE", "/v1/labels/first%2F%C3%BC")
      #expect(again.status == 404 && again.code == "no_such_label")
      let verdict = try await service.ask(
        "POST", "/v1/feedback", #"{"text": "a", "accepted": ["first/ü"]}"#)
      #expect(verdict.status == 422)

      // The name is free again, and without labels the model is the former one.
      #expect(try await add("first/ü", to: service) == 201)
      for path in ["/v1/labels/second", "/v1/runs/run/labels/first%2F%C3%BC"] {
        #expect(try await service.ask("DELETE", path).status == 200)
      }
      #expect(try await service.ask("POST", "/v1/predict", question).body == before)
      let trained = try await service.ask("DELETE", "/v1/labels/label1")
      #expect(trained.status == 409 && trained.code == "label_trained")
    }
    try await withService(small) { service in
      let count = try await service.ask("GET", "/v1/model").json["labels"] as? Int
      #expect(count == SmallDataset.labelCount)
    }
  }

  @Test func `a stored label that the model cannot rank can be removed`() async throws {
    let small = try SmallModel()
    let store = try ServiceStore(path: small.folder.file("service.sqlite"))
    try await store.add(.init(id: "odd", text: "qqqq zzzz"))
    try store.close()
    try await withService(small) { [self] service in
      let refused = try await add("odd", to: service)
      let removed = try await service.ask("DELETE", "/v1/labels/odd")
      let added = try await add("odd", to: service)
      #expect((refused, removed.status, added) == (409, 200, 201))
    }
  }

  @Test func `removing is protected as adding is`() async throws {
    try await withService(SmallModel(), { $0.token = "geheim" }) { service in
      let token = ["Authorization": "Bearer geheim"]
      let label = #"{"id": "new", "text": "\#(Self.twoAgain)"}"#
      #expect(
        try await service.ask("POST", "/v1/labels", label, headers: token).status == 201)
      for (headers, status) in [
        ([:], 401), (["Authorization": "Bearer wrong"], 401),
        (token.merging(["Origin": "http://evil.example"]) { $1 }, 403),
        (token.merging(["Origin": "null"]) { $1 }, 403),
        (token.merging(["Sec-Fetch-Site": "cross-site"]) { $1 }, 403),
        (token.merging(["Host": "evil.example"]) { $1 }, 421),
      ] as [([String: String], Int)] {
        let refused = try await service.ask("DELETE", "/v1/labels/new", headers: headers)
        #expect(refused.status == status, "\(headers)")
      }
      let strange = try await service.ask("DELETE", "/v1/labels/new?x=1", headers: token)
      #expect(strange.status == 400)
      let wrong = try await service.ask("POST", "/v1/labels/new", "{}", headers: token)
      #expect(wrong.status == 405 && wrong.head.contains("Allow: DELETE, GET, HEAD"))
      #expect(try await service.ask("GET", "/v1/labels/new", headers: token).status == 200)
      #expect(try await service.ask("DELETE", "/v1/labels/new", headers: token).status == 200)
    }
  }

  @Test func `concurrent additions of a label succeed once`() async throws {
    let small = try SmallModel()
    let statuses = try await withService(small) { service in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await service.ask(
              "POST", "/v1/labels", #"{"id": "same", "text": "word1x1"}"#
            ).status
          }
        }
        return try await group.reduce(into: [Int]()) { $0.append($1) }
      }
    }
    #expect(statuses.sorted() == [201] + [Int](repeating: 409, count: 7))
  }

  @Test func `exports feedback as one line per text`() async throws {
    let small = try SmallModel()
    let lines = try await withService(small) { service in
      let first = try await service.ask(
        "POST", "/v1/feedback",
        #"{"text": "say \"hi\"", "accepted": ["label1"], "rejected": ["label2", "label3"]}"#)
      #expect(first.status == 201 && first.json["verdicts"] as? Int == 3)
      _ = try await service.ask(
        "POST", "/v1/feedback", #"{"text": "say \"hi\"", "accepted": ["label2"]}"#)
      return try await service.ask("GET", "/v1/feedback").body
    }
    #expect(
      lines == #"{"labels":["label1","label2"],"rejected":["label3"],"text":"say \"hi\""}"# + "\n")
  }

  @Test func `requires the bearer token`() async throws {
    try await withService(Self.shared.get(), { $0.token = "geheim" }) { service in
      for (header, status) in [
        (nil, 401), ("Bearer geheim", 200), ("Bearer geheim2", 401), ("Bearer", 401),
        ("bearer geheim", 200), ("BEARER  geheim", 200), ("Basic geheim", 401),
        ("bearergeheim", 401), ("Bearer geheim x", 401),
      ] as [(String?, Int)] {
        let answer = try await service.ask(
          "GET", "/v1/model", headers: header.map { ["Authorization": $0] } ?? [:])
        #expect(answer.status == status, "\(header ?? "none")")
      }
      for path in ["/", "/healthz", "/readyz", "/openapi.json"] {
        #expect(try await service.ask("GET", path).status == 200, "\(path)")
      }
      #expect(try await service.ask("GET", "/metrics").status == 401)
    }
  }

  @Test func `rejects requests over the rate limit`() async throws {
    try await withService(Self.shared.get(), { $0.requestsPerSecond = 2 }) { service in
      var statuses: [Int] = []
      for _ in 0..<12 { statuses.append(try await service.ask("GET", "/healthz").status) }
      #expect(statuses.prefix(4).allSatisfy { $0 == 200 })
      #expect(statuses.contains(429))
    }
  }

  @Test func `exports Prometheus counters`() async throws {
    try await withService(Self.shared.get()) { service in
      _ = try await service.ask("POST", "/v1/predict", #"{"texts": ["a", "b", "c"]}"#)
      _ = try await service.ask("GET", "/nowhere/at/all")
      let text = try await service.ask("GET", "/metrics").body
      for line in [
        #"decant_texts_ranked_total{run="run"} 3"#,
        #"decant_requests_total{route="/v1/predict",method="POST",status="200"} 1"#,
        #"decant_request_seconds_count{route="/v1/predict"} 1"#,
        #"decant_batch_texts_bucket{run="run",le="4.0"} 1"#,
        #"decant_queue_wait_seconds_count{run="run"} 1"#,
        #"decant_features_seconds_count{run="run"} 1"#,
        #"decant_ranking_seconds_count{run="run"} 1"#,
        #"decant_jobs_waiting{run="run"} 0"#,
      ] {
        #expect(text.contains(line), "\(line)\n\(text)")
      }
      #expect(!text.contains("nowhere"))
    }
  }

  @Test func `answers or closes hostile connections`() async throws {
    try await withService(
      Self.shared.get(),
      {
        $0.maximumBodySize = 4096
        $0.arrivalSeconds = 1
      }
    ) { service in
      let large = String(repeating: "a", count: 5000)
      let tooLarge = try await service.ask("POST", "/v1/predict", #"{"text": "\#(large)"}"#)
      #expect(tooLarge.status == 413 && tooLarge.code == "too_large")
      // A length that is announced and never comes, and a body without a length.
      let announced = try await service.exchange(
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          + "Content-Length: 3000\r\n\r\n{")
      #expect(!announced.contains(" 200 "))
      let chunked = try await service.exchange(
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
          + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
          + (0..<10).map { _ in "400\r\n" + String(repeating: "a", count: 1024) + "\r\n" }
          .joined() + "0\r\n\r\n")
      #expect(LoopbackClient.Answer(chunked).status == 413)
      // A request that trickles in is cut off, however many bytes it has left.
      let begun = ContinuousClock.now
      _ = try await service.exchange(
        "GET /healthz HTTP/1.1\r\nX-Slow: " + String(repeating: "a", count: 400),
        pausing: .milliseconds(20))
      #expect(begun.duration(to: .now) < .seconds(6))
      for bytes in [
        "\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}",
        "GET /healthz HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 500) + "\r\n",
        "GET /" + String(repeating: "%00", count: 9000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
      ] {
        let answer = try await service.exchange(bytes)
        #expect(!answer.contains(" 200 ") && !answer.contains(" 500 "), "\(answer)")
      }
      let deep = String(repeating: "[", count: 2000)
      #expect(try await service.ask("POST", "/v1/predict", deep).status == 400)
      #expect(try await service.ask("GET", "/healthz").status == 200)
    }
  }
}
