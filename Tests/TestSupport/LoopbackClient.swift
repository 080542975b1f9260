import Foundation
import Testing
import Torch

/// Asks a service that listens on the loopback address, as a browser or as an attacker.
public struct LoopbackClient: Sendable {
  /// An answer as it came over the wire.
  public struct Answer: Sendable {
    /// The status, 0 where there was no answer.
    public var status = 0
    /// The first line and the header fields.
    public var head = ""
    /// What follows them.
    public var body = ""

    /// The body as JSON; a body that is none fails the test.
    public var json: [String: Any] {
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
    public var code: String? { (json["error"] as? [String: Any])?["code"] as? String }
    /// The sentence of an error.
    public var message: String { (json["error"] as? [String: Any])?["message"] as? String ?? "" }

    /// Takes an answer apart.
    public init(_ text: String) {
      let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
      head = String(parts[0])
      body = parts.count > 1 ? String(parts[1]) : ""
      status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
    }
  }

  /// Where it listens.
  public let port: Int

  /// Nothing is asked yet.
  public init(port: Int) { self.port = port }

  /// Asks and reads to the end of the connection.
  public func ask(
    _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]
  ) async throws -> Answer {
    var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Connection: close"]
    var headers = headers
    if let body {
      headers["Content-Length"] = headers["Content-Length"] ?? String(body.utf8.count)
      headers["Content-Type"] = headers["Content-Type"] ?? "application/json"
    }
    lines += headers.map { "\($0): \($1)" }
    return Answer(
      try await exchange(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")))
  }

  /// Sends bytes and reads what comes until the other side closes.
  public func exchange(_ text: String, pausing pause: Duration = .zero) async throws -> String {
    let port = port
    return try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(
          with: Result { try Self.exchange(Array(text.utf8), port: port, pausing: pause) })
      }
    }
  }

  /// - Parameter pause: between two bytes; none sends all at once.
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
      // The other side may have closed: what it said before is what counts.
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
