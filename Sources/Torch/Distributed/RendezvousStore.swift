internal import CTorch
internal import Foundation

/// The key-value store in which the processes of a group find each other: libtorch's `TCPStore`.
///
/// One process serves it, usually rank 0; the others connect. When the server ends, every call of
/// the others throws at once.
public final class RendezvousStore: @unchecked Sendable {
  /// The port that the server listens at.
  public let port: Int
  let pointer: ct_store

  /// Serves a store, or connects to one.
  ///
  /// - Parameters:
  ///   - host: the address of the server, such as "127.0.0.1".
  ///   - port: the server's port; 0 lets the server choose a free one.
  ///   - serves: whether this process is the server.
  ///   - listener: a listening socket that the server takes over; nil opens one at `port`.
  ///   - timeout: the time that a client waits for the server to come up.
  /// - Throws: `TorchError` of kind `collective`: the port is taken, nobody serves, or this libtorch
  ///   cannot compute in several processes.
  public init(
    host: String, port: Int, serves: Bool, listener: Int32? = nil,
    timeout: Duration = .seconds(60)
  ) throws(TorchError) {
    try Runtime.load()
    func refusal(_ reason: String) -> TorchError {
      TorchError(
        kind: .collective,
        message: serves
          ? "rank 0 cannot serve the meeting point \(host):\(port): \(reason)"
          : "no rank 0 answered at \(host):\(port) within \(timeout): \(reason)")
    }
    // libtorch's client would wait twice the time, and tell on standard error how it fares.
    if !serves, !Self.waitForServer(host, port, timeout) { throw refusal("the port is closed") }
    // The client waits without end for a program that listens and says nothing.
    let opened = withDeadline(timeout + .seconds(1)) { () -> Result<Opened, TorchError> in
      var opened: ct_store?
      var bound: Int32 = 0
      let code = ct_store_open(
        host, Int32(port), listener ?? -1, serves ? 1 : 0, timeout.milliseconds, &opened, &bound)
      guard code == 0, let opened else { return .failure(.last(code)) }
      return .success(Opened(pointer: opened, port: Int(bound)))
    }
    switch opened {
    case .success(let store): (pointer, self.port) = (store.pointer, store.port)
    case .failure(let error): throw refusal(error.firstSentence)
    case nil: throw refusal("another program listens there")
    }
  }

  private struct Opened: @unchecked Sendable {
    let pointer: ct_store
    let port: Int
  }

  deinit { ct_store_release(pointer) }

  /// Sets the value of a key, which all processes see.
  public func set(_ key: String, to value: [UInt8]) throws(TorchError) {
    try check(ct_store_set(pointer, key, value, Int64(value.count)), "write to")
  }

  /// The value of a key, as soon as a process has set it.
  ///
  /// - Parameter timeout: the longest time to wait for it.
  /// - Throws: `TorchError` of kind `collective`: nobody has set it, or the server has ended or does not
  ///   answer.
  public func value(of key: String, timeout: Duration) throws(TorchError) -> [UInt8] {
    // libtorch tells the server that it waits no longer, and waits for its answer without end.
    let result = withDeadline(timeout + .milliseconds(500)) { [self] in read(key, timeout) }
    guard let result else {
      throw TorchError(
        kind: .collective,
        message: "cannot wait for \(key) in the meeting point: it has not answered for \(timeout)")
    }
    return try result.get()
  }

  private func read(_ key: String, _ timeout: Duration) -> Result<[UInt8], TorchError> {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    var count: Int64 = 0
    let code = ct_store_get(
      pointer, key, timeout.milliseconds, &bytes, Int64(bytes.count), &count)
    do throws(TorchError) {
      try check(code, "wait for \(key) in")
      return .success(Array(bytes.prefix(Int(count))))
    } catch {
      return .failure(error)
    }
  }

  /// Adds to a counter, which begins at 0.
  ///
  /// - Parameter timeout: the longest time to wait for the server; nil waits without end for one that
  ///   has stopped without ending.
  /// - Returns: the new value.
  @discardableResult
  public func add(_ amount: Int, to key: String, timeout: Duration? = nil) throws(TorchError)
    -> Int
  {
    guard let timeout else { return try counted(amount, key).get() }
    guard let result = withDeadline(timeout, { [self] in counted(amount, key) }) else {
      throw TorchError(
        kind: .collective,
        message: "cannot count in the meeting point: it has not answered for \(timeout)")
    }
    return try result.get()
  }

  private func counted(_ amount: Int, _ key: String) -> Result<Int, TorchError> {
    var result: Int64 = 0
    let code = ct_store_add(pointer, key, Int64(amount), &result)
    return code == 0 ? .success(Int(result)) : .failure(Self.refusal(code, "count in"))
  }

  /// Whether a program listens at a port before the time is over.
  private static func waitForServer(_ host: String, _ port: Int, _ timeout: Duration) -> Bool {
    let end = ContinuousClock.now + timeout
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    while ContinuousClock.now < end {
      var list: UnsafeMutablePointer<addrinfo>?
      if getaddrinfo(host, "\(port)", &hints, &list) == 0 {
        defer { freeaddrinfo(list) }
        var next = list
        while let address = next {
          let socket = Foundation.socket(
            address.pointee.ai_family, address.pointee.ai_socktype, address.pointee.ai_protocol)
          defer { close(socket) }
          if socket >= 0,
            connect(socket, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0
          {
            return true
          }
          next = address.pointee.ai_next
        }
      }
      usleep(50_000)
    }
    return false
  }

  private func check(_ code: Int32, _ action: String) throws(TorchError) {
    guard code != 0 else { return }
    throw Self.refusal(code, action)
  }

  private static func refusal(_ code: Int32, _ action: String) -> TorchError {
    let reason = TorchError.last(code).firstSentence
    // libtorch asks back: "Connection was likely closed. Did the remote server shutdown or crash?"
    let isClosed = reason.contains("Connection was likely closed")
    return TorchError(
      kind: .collective,
      message:
        "cannot \(action) the meeting point: \(isClosed ? "the process that serves it has ended" : reason)"
    )
  }
}

extension Duration {
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}

extension TorchError {
  /// The first line of the message without places in libtorch's source and Gloo's guesses at a cause.
  var firstSentence: String {
    let line = message.split(separator: "\n", maxSplits: 1).first ?? ""
    return String(
      line.replacing(#/\[\/[^\]]*\][: ]*/#, with: "")
        .replacing(#/\. This is typically caused by .*/#, with: ""))
  }
}
