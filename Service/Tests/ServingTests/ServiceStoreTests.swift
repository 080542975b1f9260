import Foundation
import GRDB
import Models
import NIOCore
import Storage
import TestSupport
import Testing

@testable import Serving

/// The store of a service on disk.
@Suite struct ServiceStoreTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func lines(_ store: ServiceStore) async throws -> [String] {
    var text = ""
    for try await piece in FeedbackLines(store: store) { text += String(buffer: piece) }
    return text.split(separator: "\n").map(String.init)
  }

  private func all(_ store: ServiceStore) async throws -> [ServiceStore.Feedback] {
    try await lines(store).filter { $0.contains("rejected") }
      .map { try JSONDecoder().decode(ServiceStore.Feedback.self, from: Data($0.utf8)) }
  }

  @Test func `labels and feedback survive the process`() async throws {
    let path = folder.file("service.sqlite")
    let first = try ServiceStore(path: path)
    #expect(try first.labels().isEmpty)
    try await first.add(.init(id: "zebra", text: "striped"))
    try await first.add(.init(id: "ant", text: "six legs\nand \"feelers\""))
    try await first.add([.init(text: "a horse?", labels: ["zebra"], rejected: ["ant", "fly"])])
    // Not closed: a crash does not either.
    let second = try ServiceStore(path: path)
    #expect(try second.labels().map(\.id) == ["zebra", "ant"])
    #expect(try second.labels()[1].text == "six legs\nand \"feelers\"")
    #expect(
      try await all(second) == [
        .init(text: "a horse?", labels: ["zebra"], rejected: ["ant", "fly"])
      ])
  }

  @Test func `the latest verdict wins`() async throws {
    let store = try ServiceStore(path: folder.file("service.sqlite"))
    try await store.add([.init(text: "b", labels: ["one", "two"], rejected: ["three"])])
    try await store.add([.init(text: "a", labels: ["one"], rejected: [])])
    try await store.add([.init(text: "b", labels: ["three"], rejected: ["one"])])
    #expect(
      try await all(store) == [
        .init(text: "b", labels: ["two", "three"], rejected: ["one"]),
        .init(text: "a", labels: ["one"], rejected: []),
      ])
  }

  @Test func `rejects a duplicate label`() async throws {
    let store = try ServiceStore(path: folder.file("service.sqlite"))
    try await store.add(.init(id: "one", text: "first"))
    await #expect(throws: ServiceStore.Refusal.labelExists) {
      try await store.add(.init(id: "one", text: "second"))
    }
    #expect(try store.labels().map(\.text) == ["first"])
  }

  @Test func `rejects the file of another program`() throws {
    let path = try folder.write(String(repeating: "not a database ", count: 100), to: "x.sqlite")
    #expect(throws: InputError.self) { try ServiceStore(path: path) }
    #expect(try folder.text("x.sqlite").hasPrefix("not a database"))
    let other = folder.file("other.sqlite")
    try DatabaseQueue(path: other).write { try $0.execute(sql: "CREATE TABLE bookmark (url)") }
    #expect(throws: InputError.self) { try ServiceStore(path: other) }
  }

  @Test func `a closed store is one file`() async throws {
    let path = folder.file("service.sqlite")
    let store = try ServiceStore(path: path)
    try await store.add(.init(id: "one", text: "first"))
    _ = try store.labels()
    try store.close()
    try FileManager.default.copyItem(atPath: path, toPath: folder.file("copy.sqlite"))
    #expect(try ServiceStore(path: folder.file("copy.sqlite")).labels().map(\.text) == ["first"])
  }

  @Test func `rejects the file of a later version`() throws {
    let path = folder.file("service.sqlite")
    try ServiceStore(path: path).close()
    try DatabaseQueue(path: path).write {
      try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99')")
    }
    let error = #expect(throws: InputError.self) { try ServiceStore(path: path) }
    #expect(error?.reason.contains("later version") == true)
  }

  /// The format of the first version: one row per verdict, texts unchanged.
  @Test func `migrates a store of the first version`() async throws {
    let path = folder.file("service.sqlite")
    let queue = try DatabaseQueue(path: path)
    try ServiceStore.migrator.migrate(queue, upTo: "1")
    try await queue.write { database in
      for (text, label, isRight) in [
        ("b", "one", true), ("caf\u{e9}", "one", true), ("a\u{1b}", "two", false),
        ("cafe\u{301}", "one", false), ("b", "tw\u{f6}", true), ("b", "two\u{308}", true),
        ("b", "one", false),
      ] {
        try database.execute(
          sql: "INSERT INTO feedback (text, label, isRight, given) VALUES (?, ?, ?, ?)",
          arguments: [text, label, isRight, Date.now])
      }
      for (id, text) in [("e\u{301}", "first"), ("\u{e9}", "second"), ("z", "a\u{308}")] {
        try database.execute(
          sql: "INSERT INTO label (id, text, added) VALUES (?, ?, ?)",
          arguments: [id, text, Date.now])
      }
    }
    try queue.close()
    let store = try ServiceStore(path: path)
    let found = try await all(store)
    #expect(
      found == [
        .init(text: "b", labels: ["tw\u{f6}"], rejected: ["one"]),
        .init(text: "caf\u{e9}", labels: [], rejected: ["one"]),
        .init(text: "a\u{1b}", labels: [], rejected: ["two"]),
      ])
    #expect(found[1].text.unicodeScalars.count == 4)
    #expect(try store.labels().map(\.text.unicodeScalars.count) == [5, 6, 1])
    try await store.add([.init(text: "b", labels: ["one"], rejected: [])])
    #expect(try await all(store)[0].labels.contains("one"))
  }

  /// Pieces of one line, and feedback between them: nothing waits, nothing comes twice, and what
  /// was not there at the beginning does not come at all.
  @Test func `reading never blocks writers`() async throws {
    let store = try ServiceStore(path: folder.file("service.sqlite"))
    for number in 0..<5 { try await store.add(.init(id: "label \(number)", text: "text")) }
    for number in 0..<20 {
      try await store.add([.init(text: "text \(number)", labels: ["a", "b"], rejected: ["c"])])
    }
    var pieces: [String] = []
    for try await piece in FeedbackLines(store: store, pieceSize: 1) {
      pieces.append(String(buffer: piece))
      try await store.add([
        .init(text: "text \(19 - pieces.count % 20)", labels: [], rejected: ["a"]),
        .init(text: "late \(pieces.count)", labels: ["a"], rejected: []),
      ])
      try await store.add(.init(id: "late \(pieces.count)", text: "text"))
    }
    #expect(pieces.count == 25)
    #expect(
      pieces.joined() == pieces.prefix(5).joined()
        + (0..<20).map {
          #"{"labels":["a","b"],"rejected":["c"],"text":"text \#($0)"}"# + "\n"
        }.joined())
  }

  @Test func `a full store is read-only`() async throws {
    let store = try ServiceStore(path: folder.file("service.sqlite"), limit: 256 << 10)
    let text = String(repeating: "long ", count: 2000)
    var kept = 0
    await #expect(throws: ServiceStore.Refusal.full(limit: 256 << 10)) {
      for number in 0..<100 {
        try await store.add([.init(text: "\(number) \(text)", labels: ["a"], rejected: [])])
        kept += 1
      }
    }
    #expect(kept > 5 && kept < 26)
    #expect(try await all(store).count == kept)
  }

  @Test func `removing a label removes its verdicts and makes room`() async throws {
    let store = try ServiceStore(path: folder.file("service.sqlite"), limit: 256 << 10)
    for id in ["kept", "gone"] { try await store.add(.init(id: id, text: "text")) }
    try await store.add([.init(text: "both", labels: ["gone"], rejected: ["kept"])])
    let text = String(repeating: "long ", count: 2000)
    func fill(_ label: String) async throws {
      await #expect(throws: ServiceStore.Refusal.full(limit: 256 << 10)) {
        for number in 0..<100 {
          try await store.add([.init(text: "\(number) \(text)", labels: [label], rejected: [])])
        }
      }
    }
    try await fill("gone")
    let count = try await all(store).count
    #expect(try await store.removeLabel("gone") == count)
    #expect(try await store.removeLabel("gone") == nil)
    #expect(try store.labels().map(\.id) == ["kept"])
    #expect(try await all(store) == [.init(text: "both", labels: [], rejected: ["kept"])])
    try await fill("kept")
    // Pages are not always filled alike.
    #expect(try await all(store).count > count - 3)
  }

  @Test func `feedback is checked where it is written`() async throws {
    let store = try ServiceStore(path: folder.file("service.sqlite"))
    struct Unknown: Error, Equatable { var labels: [String] }
    let feedback = ["a", "b"].map {
      ServiceStore.Feedback(text: $0, labels: ["one \($0)"], rejected: ["two"])
    }
    await #expect(throws: Unknown(labels: ["one b", "two"])) {
      try await store.add(feedback) { labels in
        if labels.contains("one b") { throw Unknown(labels: labels) }
      }
    }
    #expect(try await all(store).isEmpty)
  }

  @Test func `a moved store rejects writes`() async throws {
    let path = folder.file("service.sqlite")
    let store = try ServiceStore(path: path)
    try await store.add([.init(text: "a", labels: ["one"], rejected: [])])
    try FileManager.default.moveItem(atPath: path, toPath: folder.file("old.sqlite"))
    await #expect(throws: ServiceStore.Refusal.moved) {
      try await store.add([.init(text: "b", labels: ["one"], rejected: [])])
    }
    #expect(try await all(store).count == 1)
  }
}
