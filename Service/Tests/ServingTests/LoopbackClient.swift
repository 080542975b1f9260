import Foundation
import Storage
import Testing

/// Sends requests to a service on the loopback address, as a browser or an attacker would.
struct LoopbackClient: Sendable {
  /// A raw answer.
  struct Answer: Sendable {
    /// The status; 0 without an answer.
    var status = 0
    /// The first line and the header fields.
    var head = ""
    /// The part after the header.
    var body = ""

    /// The body as JSON; fails the test if it is not a JSON object.
    var json: [String: Any] {
      do {
        let value = try JSONSerialization.jsonObject(with: Data(body.utf8))
        if let object = value as? [String: Any] { return object }
        Issue.record("the body is not a JSON object: \(body)")
      } catch {
        Issue.record("the body is not JSON: \(body)")
      }
      return [:]
    }
    /// The code of an error.
    var code: String? { (json["error"] as? [String: Any])?["code"] as? String }
    /// The sentence of an error.
    var message: String { (json["error"] as? [String: Any])?["message"] as? String ?? "" }

    /// Parses an answer.
    init(_ text: String) {
      let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
      head = String(parts[0])
      body = parts.count > 1 ? String(parts[1]) : ""
      if head.lowercased().contains("\r\ntransfer-encoding: chunked") { body = Self.joined(body) }
      status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
    }

    /// The contents of a chunked body; a truncated one gets a mark at its end.
    private static func joined(_ chunks: String) -> String {
      var rest = Array(chunks.utf8)[...]
      var whole: [UInt8] = []
      while let end = rest.firstIndex(of: UInt8(ascii: "\r")),
        let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16)
      {
        guard size > 0 else { return String(decoding: whole, as: UTF8.self) }
        whole += rest.dropFirst(end + 2 - rest.startIndex).prefix(size)
        rest = rest.dropFirst(end + 4 - rest.startIndex + size)
      }
      return String(decoding: whole, as: UTF8.self) + "(broken off)"
    }
  }

  /// The port of the service.
  let port: Int

  /// Creates a client.
  init(port: Int) { self.port = port }

  /// Sends a request and reads until the connection is closed.
  func ask(
    _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]
  ) async throws -> Answer {
    var headers = headers
    headers["Host"] = headers["Host"] ?? "localhost"
    var lines = ["\(method) \(path) HTTP/1.1", "Connection: close"]
    if let body {
      headers["Content-Length"] = headers["Content-Length"] ?? String(body.utf8.count)
      headers["Content-Type"] = headers["Content-Type"] ?? "application/json"
    }
    lines += headers.map { "\($0): \($1)" }
    return Answer(
      try await exchange(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")))
  }

  /// Sends bytes and reads until the other side closes.
  func exchange(_ text: String, pausing pause: Duration = .zero) async throws -> String {
    let port = port
    return try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(
          with: Result { try Self.exchange(Array(text.utf8), port: port, pausing: pause) })
      }
    }
  }

  /// - Parameter pause: the pause between two bytes; zero sends all at once.
  private static func exchange(_ bytes: [UInt8], port: Int, pausing pause: Duration) throws
    -> String
  {
    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard connection >= 0 else { throw FileError(path: "socket", action: "open", code: errno) }
    defer { close(connection) }
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(
      connection, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else { throw FileError(path: "port \(port)", action: "reach", code: errno) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = pause == .zero ? rest : rest.prefix(1)
      // The other side may have closed after answering; its answer still counts.
      let sent = part.withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 else { break }
      rest = rest.dropFirst(sent)
      if pause != .zero { usleep(UInt32(pause / .microseconds(1))) }
    }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      answer += buffer[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }
}
