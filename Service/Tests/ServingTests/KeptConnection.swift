import Foundation
import Storage

/// A connection to the loopback address that stays open across requests.
final class KeptConnection: Sendable {
  private let descriptor: Int32

  /// Opens the connection.
  ///
  /// - Parameter bufferSize: the size of the receive buffer in bytes; nil for the system's default.
  init(port: Int, bufferSize: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw FileError(path: "socket", action: "open", code: errno) }
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    if var bufferSize {
      setsockopt(
        descriptor, SOL_SOCKET, SO_RCVBUF, &bufferSize, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else {
      close(descriptor)
      throw FileError(path: "port \(port)", action: "reach", code: errno)
    }
  }

  deinit { close(descriptor) }

  /// Sends bytes, and drops the rest if the other side has closed.
  func put(_ text: String) {
    let bytes = Array(text.utf8)
    _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Sends a request and reads its answer, whose header gives its length; "" if there is none.
  func ask(_ text: String) async -> String {
    put(text)
    return await offTheTask { [self] in
      var bytes: [UInt8] = []
      while !Self.isWhole(bytes) {
        guard let more = read() else { break }
        bytes += more
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Reads until the connection is closed.
  func rest() async -> String {
    await offTheTask { [self] in
      var bytes: [UInt8] = []
      while let more = read() { bytes += more }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  private func read() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  private static func isWhole(_ bytes: [UInt8]) -> Bool {
    let parts = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n\r\n")
    guard parts.count > 1 else { return false }
    let length = parts[0].split(separator: "\r\n")
      .first { $0.lowercased().hasPrefix("content-length: ") }
      .flatMap { Int($0.dropFirst("content-length: ".count)) }
    return parts[1].utf8.count >= length ?? 0
  }

  private func offTheTask(_ body: @escaping @Sendable () -> String) async -> String {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(returning: body()) }
    }
  }
}
