import Foundation
import ServiceLifecycle
import Serving
import TestSupport
import Testing

/// When connections end, and that clients are told.
@Suite(.serialized) struct PersistentConnectionTests {
  private static let shared = Result { try SmallModel() }

  @Test func `closes old and closing clients after the answer`() async throws {
    try await withService(Self.shared.get(), { $0.arrivalSeconds = 60 }) { service in
      for head in [
        "GET /healthz HTTP/1.0\r\n", "GET /healthz HTTP/1.0\r\nHost: localhost\r\n",
        "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n", "GET /v1/feedback HTTP/1.0\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: x, close\r\n",
      ] {
        let begun = ContinuousClock.now
        let answer = LoopbackClient.Answer(try await service.exchange(head + "\r\n"))
        #expect(answer.status == 200, "\(head): \(answer)")
        #expect(answer.head.lowercased().contains("connection: close"), "\(head): \(answer)")
        // An answer to HTTP/1.0 must not come in chunks.
        #expect(!answer.head.lowercased().contains("transfer-encoding") || head.contains("1.1"))
        #expect(begun.duration(to: .now) < .seconds(15), "\(head)")
      }
      // Others stay open: two requests, one connection.
      let two = try await service.exchange(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
          + "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      #expect(two.components(separatedBy: "HTTP/1.1 200 OK").count == 3)
    }
  }

  @Test func `HEAD equals GET without a body`() async throws {
    try await withService(Self.shared.get()) { service in
      for (path, status) in [
        ("/", 200), ("/healthz", 200), ("/readyz", 200), ("/v1/model", 200), ("/v1/labels", 200),
        ("/v1/labels/label1", 200), ("/v1/feedback", 200), ("/metrics", 200),
        ("/openapi.json", 200), ("/v1/labels/none", 404), ("/nowhere", 404), ("/v1/predict", 405),
      ] {
        let get = try await service.ask("GET", path)
        let head = try await service.ask("HEAD", path)
        #expect(head.status == status && get.status == status, "\(path): \(head)")
        #expect(head.body.isEmpty, "\(path): \(head)")
        func type(_ answer: LoopbackClient.Answer) -> Substring? {
          answer.head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-type") }
        }
        #expect(type(head) == type(get), "\(path)")
      }
      // The next answer on the connection begins where the one to HEAD ends.
      let two = try await service.exchange(
        "HEAD /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n"
          + "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      #expect(two.components(separatedBy: "\r\n\r\n").count == 3, "\(two)")
      #expect(two.contains("\r\n\r\nHTTP/1.1 200 OK"), "\(two)")
    }
  }

  /// Clients that keep their connections learn from each last answer that it is the last.
  @Test func `shutdown announces the last answer on every connection`() async throws {
    try await withServiceToEnd(SmallModel(), { $0.grace = .milliseconds(300) }) { service, group in
      #expect(try await service.ask("GET", "/readyz").status == 200)
      async let clients = withThrowingTaskGroup(of: (answers: Int, last: String).self) { tasks in
        for _ in 0..<4 {
          tasks.addTask { try await Self.askUntilTold(service) }
        }
        return try await tasks.reduce(into: []) { $0.append($1) }
      }
      try await Task.sleep(for: .milliseconds(150))
      await group.triggerGracefulShutdown()
      for client in try await clients {
        #expect(client.answers > 1)
        #expect(client.last.contains("HTTP/1.1 200 OK"), "\(client)")
        #expect(client.last.lowercased().contains("connection: close"), "\(client)")
      }
    }
  }

  /// Sends one request after the other on one connection, until an answer says that it is the last
  /// or none comes.
  private static func askUntilTold(_ service: LoopbackClient) async throws -> (
    answers: Int, last: String
  ) {
    let connection = try KeptConnection(port: service.port)
    var answers = 0
    while true {
      let answer = await connection.ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
      answers += 1
      if answer.isEmpty || answer.lowercased().contains("connection: close") {
        return (answers, answer)
      }
    }
  }

  /// A client that does not read its answer holds its connection for the time of a request only.
  @Test func `closes connections of clients that do not read`() async throws {
    try await withService(SmallModel(), { $0.arrivalSeconds = 1 }) { service in
      let text = String(repeating: "a long text ", count: 16_000)
      for number in 0..<40 {
        let kept = try await service.ask(
          "POST", "/v1/feedback", #"{"text": "\#(number) \#(text)", "accepted": ["label1"]}"#)
        #expect(kept.status == 201)
      }
      let connection = try KeptConnection(port: service.port, bufferSize: 4096)
      connection.put(
        "GET /v1/feedback HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\n"
          + "Host: localhost\r\n\r\n")
      try await Task.sleep(for: .seconds(4))
      let answer = await connection.rest()
      #expect(answer.hasPrefix("HTTP/1.1 200 OK") && !answer.contains("\r\n0\r\n\r\n"))
    }
  }
}
