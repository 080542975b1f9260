import Foundation
import Logging
import Serving
import Storage
import TestSupport
import Testing

/// The store of a service has limits, which refusals name.
@Suite(.serialized) struct LimitTests {
  @Test func `limits labels and texts`() async throws {
    try await withService(
      SmallModel(),
      {
        $0.maximumAddedLabels = 2
        $0.maximumLabelText = 10
        $0.maximumFeedbackText = 20
      }
    ) { service in
      let long = try await service.ask("POST", "/v1/labels", #"{"id": "a", "text": "word1x1 abc"}"#)
      #expect(long.status == 422 && long.message.contains("--maximum-label-text"), "\(long)")
      for (id, status) in [("a", 201), ("b", 201), ("c", 507)] {
        let added = try await service.ask(
          "POST", "/v1/labels", #"{"id": "\#(id)", "text": "word1x1"}"#)
        #expect(added.status == status, "\(added)")
        if status == 507 { #expect(added.message.contains("--maximum-added-labels"), "\(added)") }
      }
      for (length, status) in [(20, 201), (21, 422)] {
        let text = String(repeating: "é", count: length)
        let kept = try await service.ask(
          "POST", "/v1/feedback", #"{"text": "\#(text)", "accepted": ["a"]}"#)
        #expect(kept.status == status, "\(kept)")
      }
    }
  }

  @Test func `limits the store size`() async throws {
    try await withService(SmallModel(), { $0.maximumStoreSize = 1 << 20 }) { service in
      let text = String(repeating: "long ", count: 20_000)
      var last = LoopbackClient.Answer("")
      for number in 0..<20 {
        last = try await service.ask(
          "POST", "/v1/feedback", #"{"text": "\#(number) \#(text)", "accepted": ["label1"]}"#)
        if last.status != 201 { break }
      }
      #expect(last.status == 507 && last.code == "store_full", "\(last)")
      #expect(last.message.contains("1 MiB; --maximum-store"), "\(last)")
      // What was kept is given out, and answers go on.
      #expect(try await service.ask("GET", "/v1/feedback").status == 200)
      #expect(try await service.ask("POST", "/v1/predict", #"{"text": "a"}"#).status == 200)
    }
  }

  @Test func `reports a moved store`() async throws {
    let small = try SmallModel()
    let store = small.folder.file("service.sqlite")
    try await withService(small) { service in
      let verdict = #"{"text": "a", "accepted": ["label1"]}"#
      #expect(try await service.ask("POST", "/v1/feedback", verdict).status == 201)
      try FileManager.default.moveItem(atPath: store, toPath: store + ".old")
      let refused = try await service.ask("POST", "/v1/feedback", verdict)
      #expect(refused.status == 503 && refused.code == "store_moved", "\(refused)")
      #expect(try await service.ask("GET", "/v1/feedback").body.contains("label1"))
    }
  }

  /// Two services on one store would know different labels.
  @Test func `a store belongs to one service`() async throws {
    let small = try SmallModel()
    let store = small.folder.file("service.sqlite")
    let link = small.folder.file("link.sqlite")
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    try await withService(small) { service in
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: store)
      for path in [store, link] {
        let error = #expect(throws: FileError.self) {
          try DecantService([small.toServe(store: path)], logger: logger)
        }
        let words = "process \(getpid()) at 127.0.0.1, port \(service.port)"
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
      }
    }
    #expect(!FileManager.default.fileExists(atPath: store + ".lock"))
    let answer = try await withService(small) { try await $0.ask("GET", "/readyz") }
    #expect(answer.status == 200)
  }

  /// A killed service leaves its lock file; the kernel has taken the lock itself back.
  @Test func `takes over a stale lock file`() async throws {
    let small = try SmallModel()
    try "process 1\n".write(
      toFile: small.folder.file("service.sqlite.lock"), atomically: false, encoding: .utf8)
    let answer = try await withService(small) { try await $0.ask("GET", "/readyz") }
    #expect(answer.status == 200)
  }
}
