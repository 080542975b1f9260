import Foundation
import Logging
import Models
import Serving
import Storage
import TestSupport
import Testing

/// Several runs in one service.
@Suite(.serialized) struct SeveralRunsTests {
  private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  private static let text = SmallDataset().rows[0].text

  private static func ids(_ answer: LoopbackClient.Answer) -> [String] {
    (answer.json["labels"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
  }

  @Test func `each run has its paths, its labels and its store`() async throws {
    let (first, second) = (try SmallModel(), try SmallModel(dimension: 8))
    let runs = [first.toServe(name: "a run"), second.toServe(name: "b")]
    let question = #"{"text": "\#(Self.text)", "k": 3}"#
    let label = #"{"id": "new", "text": "\#(Self.text)"}"#
    try await withService(runs) { service in
      let listed = try await service.ask("GET", "/v1/runs").json["runs"] as? [[String: Any]]
      #expect(listed?.map { $0["name"] as? String } == ["a run", "b"])
      #expect(listed?.map { $0["dimension"] as? Int } == [16, 8])
      for (path, wanted) in [
        ("/v1/predict", try first.open()), ("/v1/runs/a%20run/predict", try first.open()),
        ("/v1/runs/b/predict", try second.open()),
      ] {
        let ids = Self.ids(try await service.ask("POST", path, question))
        #expect(try ids == wanted.predict([Self.text], k: 3)[0].labels.map(\.id), "\(path)")
      }
      let added = try await service.ask("POST", "/v1/runs/b/labels", label)
      #expect(added.status == 201 && added.head.contains("Location: /v1/runs/b/labels/new"))
      #expect(try await service.ask("GET", "/v1/runs/b/labels/new").status == 200)
      #expect(try await service.ask("GET", "/v1/labels/new").status == 404)
      let told = try await service.ask(
        "POST", "/v1/runs/b/feedback", #"{"text": "x", "accepted": ["new"]}"#)
      #expect(told.status == 201)
      #expect(try await service.ask("GET", "/v1/runs/b/feedback").body.contains("\"new\""))
      #expect(try await service.ask("GET", "/v1/feedback").body.isEmpty)
      let states = try await service.ask("GET", "/readyz").json["runs"] as? [String: String]
      #expect(states == ["a run": "current", "b": "current"])
    }
  }

  @Test(arguments: [(["a", "a"], "two runs"), (["a/b"], "slash"), ([], "none to serve")])
  func `refuses names that paths cannot tell apart`(names: [String], words: String) throws {
    let small = try SmallModel()
    let runs = names.map { small.toServe(store: small.folder.file($0), name: $0) }
    let error = #expect(throws: ValueError.self) {
      try DecantService(runs, logger: Self.silent)
    }
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test func `a run that cannot be opened releases the stores of the others`() throws {
    let small = try SmallModel()
    var damaged = small.toServe(store: small.folder.file("other.sqlite"), name: "damaged")
    damaged.source.run = RunFolder(path: small.folder.file("none"))
    #expect(throws: FileError.self) {
      try DecantService([small.toServe(), damaged], logger: Self.silent)
    }
    #expect(!FileManager.default.fileExists(atPath: small.folder.file("service.sqlite.lock")))
  }
}
