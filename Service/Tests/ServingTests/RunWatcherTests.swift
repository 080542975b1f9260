import Foundation
import Models
import Serving
import TestSupport
import Testing

/// A run that is replaced under the service.
@Suite(.serialized) struct RunWatcherTests {
  private static let texts = Array(SmallDataset().rows.prefix(4).map(\.text))

  private static func answers(_ service: LoopbackClient) async throws -> [[String: Double]] {
    let body = try JSONSerialization.data(
      withJSONObject: ["texts": texts, "k": 3] as [String: Any])
    let answer = try await service.ask(
      "POST", "/v1/predict", String(decoding: body, as: UTF8.self))
    #expect(answer.status == 200, "\(answer)")
    let predictions = answer.json["predictions"] as? [[String: Any]] ?? []
    return predictions.map { prediction in
      (prediction["labels"] as? [[String: Any]] ?? []).reduce(into: [:]) { scores, label in
        if let id = label["id"] as? String { scores[id] = label["score"] as? Double }
      }
    }
  }

  private static func answers(_ small: SmallModel) throws -> [[String: Double]] {
    try small.open().predict(texts, k: 3).map { prediction in
      prediction.labels.reduce(into: [:]) { $0[$1.id] = $1.score }
    }
  }

  private static func isSame(_ first: [[String: Double]], _ second: [[String: Double]]) -> Bool {
    first.count == second.count
      && zip(first, second).allSatisfy { first, second in
        first.keys == second.keys && first.allSatisfy { abs($1 - (second[$0] ?? .nan)) < 1e-4 }
      }
  }

  /// Waits until `isTrue`, ten seconds at most.
  private static func expectSoon(_ what: String, _ isTrue: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(10)
    while try await !isTrue() {
      guard .now < end else {
        Issue.record("\(what) did not come")
        return
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Puts the files of one run over those of another.
  ///
  /// - Parameter inPlace: as `cp` does; else as `mv` does.
  private static func put(_ from: RunFolder, over to: RunFolder, inPlace: Bool) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: from.path).sorted() {
      let (source, target) = (from.path + "/" + name, to.path + "/" + name)
      let data = try Data(contentsOf: URL(fileURLWithPath: source))
      if inPlace, let file = FileHandle(forWritingAtPath: target) {
        try file.truncate(atOffset: 0)
        try file.write(contentsOf: data)
        try file.close()
      } else {
        try data.write(to: URL(fileURLWithPath: target), options: .atomic)
      }
    }
  }

  /// Copied into the old files, as `cp` does, or renamed over them, as `mv` does.
  @Test(arguments: [true, false]) func `switches to the new model, one model per answer`(
    inPlace: Bool
  ) async throws {
    let (old, new) = (try SmallModel(), try SmallModel(dimension: 8))
    let (before, after) = (try Self.answers(old), try Self.answers(new))
    #expect(!Self.isSame(before, after))
    let label = #"{"id": "kept", "text": "\#(SmallDataset.word(of: 2, 0))"}"#
    try await withService(old, { $0.watchInterval = .milliseconds(20) }) { service in
      #expect(Self.isSame(try await Self.answers(service), before))
      #expect(try await service.ask("GET", "/v1/model").json["dimension"] as? Int == 16)
      #expect(try await service.ask("POST", "/v1/labels", label).status == 201)
      let withLabel = try await Self.answers(service)
      try Self.put(new.run, over: old.run, inPlace: inPlace)
      try await Self.expectSoon("the new model") {
        let now = try await Self.answers(service)
        let isOld = Self.isSame(now, withLabel)
        let dimension = try await service.ask("GET", "/v1/model").json["dimension"] as? Int
        let isNew = !isOld && dimension == 8
        #expect(isOld || isNew, "\(now)")
        return isNew
      }
      try await Self.expectSoon("the good news") {
        try await service.ask("GET", "/healthz").json["run"] as? String == "current"
      }
      // The label that was added stays, and so does the way to it.
      #expect(try await service.ask("GET", "/v1/labels/kept").status == 200)
      #expect(try await service.ask("POST", "/v1/labels", label).status == 409)
      let description = try await service.ask("GET", "/v1/model").json
      #expect(description["labels"] as? Int == SmallDataset.labelCount + 1)
    }
  }

  @Test(arguments: [true, false]) func `keeps the old model if the new one is unreadable`(
    inPlace: Bool
  )
    async throws
  {
    let small = try SmallModel()
    let before = try Self.answers(small)
    let whole = try Data(contentsOf: URL(fileURLWithPath: small.run.model))
    try await withService(small, { $0.watchInterval = .milliseconds(20) }) { service in
      try whole.prefix(whole.count / 2).write(
        to: URL(fileURLWithPath: small.run.model), options: inPlace ? [] : .atomic)
      try await Self.expectSoon("the report of the damage") {
        try await service.ask("GET", "/healthz").json["run"] as? String == "changed"
      }
      #expect(Self.isSame(try await Self.answers(service), before))
      let ready = try await service.ask("GET", "/readyz")
      #expect(ready.status == 200 && ready.json["runs"] as? [String: String] == ["run": "changed"])
      try whole.write(
        to: URL(fileURLWithPath: small.run.model), options: inPlace ? [] : .atomic)
      try await Self.expectSoon("the model's return") {
        try await service.ask("GET", "/healthz").json["run"] as? String == "current"
      }
      #expect(Self.isSame(try await Self.answers(service), before))
    }
  }

  @Test func `reveals no paths of the machine`() async throws {
    let small = try SmallModel()
    try await withService(small, documents: true) { service in
      for path in [
        "/v1/model", "/v1/runs", "/healthz", "/readyz", "/", "/openapi.json", "/v1/labels",
        "/metrics", "/v1/models", "/v1/models/run", "/info", "/health", "/v1/projects",
        "/v1/projects/run", "/v1/vocabs", "/v1/", "/v1/models/none", "/v1/projects/none",
      ] {
        let body = try await service.ask("GET", path).body
        #expect(!body.contains(small.folder.path) && !body.contains("/tmp"), "\(path): \(body)")
      }
      let description = try await service.ask("GET", "/v1/model").json
      #expect(
        description["name"] as? String == "run" && description["trainedOn"] as? String == "data")
    }
  }
}
