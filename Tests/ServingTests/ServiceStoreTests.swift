import Foundation
import Serving
import TestSupport
import Testing
import Training

/// What a service keeps on the disk.
@Suite struct ServiceStoreTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func all(_ store: ServiceStore) throws -> [ServiceStore.Feedback] {
    var all: [ServiceStore.Feedback] = []
    try store.forEachFeedback { all.append($0) }
    return all
  }

  @Test func labelsAndFeedbackOutliveTheProcess() async throws {
    let path = folder.file("service.sqlite")
    let first = try ServiceStore(path: path)
    #expect(try first.labels().isEmpty)
    try await first.add(.init(id: "zebra", text: "striped"))
    try await first.add(.init(id: "ant", text: "six legs\nand \"feelers\""))
    try await first.add(.init(text: "a horse?", labels: ["zebra"], rejected: ["ant", "fly"]))
    // Not closed: a crash does not either.
    let second = try ServiceStore(path: path)
    #expect(try second.labels().map(\.id) == ["zebra", "ant"])
    #expect(try second.labels()[1].text == "six legs\nand \"feelers\"")
    #expect(
      try all(second) == [.init(text: "a horse?", labels: ["zebra"], rejected: ["ant", "fly"])])
  }

  @Test func theLaterVerdictCounts() async throws {
    let store = try ServiceStore(path: folder.file("service.sqlite"))
    try await store.add(.init(text: "b", labels: ["one", "two"], rejected: ["three"]))
    try await store.add(.init(text: "a", labels: ["one"], rejected: []))
    try await store.add(.init(text: "b", labels: ["three"], rejected: ["one"]))
    #expect(
      try all(store) == [
        .init(text: "b", labels: ["two", "three"], rejected: ["one"]),
        .init(text: "a", labels: ["one"], rejected: []),
      ])
  }

  @Test func aNameIsTakenOnce() async throws {
    let store = try ServiceStore(path: folder.file("service.sqlite"))
    try await store.add(.init(id: "one", text: "first"))
    await #expect(throws: (any Error).self) {
      try await store.add(.init(id: "one", text: "second"))
    }
    #expect(try store.labels().map(\.text) == ["first"])
  }

  @Test func anotherProgramsFileIsRefused() throws {
    let path = try folder.write(String(repeating: "not a database ", count: 100), to: "x.sqlite")
    #expect(throws: (any Error).self) { try ServiceStore(path: path) }
    #expect(try folder.text("x.sqlite").hasPrefix("not a database"))
  }
}
