import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Decides when a connection closes, and announces it to the client beforehand.
///
/// A connection closes after the response if the client asked for it, if it speaks HTTP/1.0, or if
/// the service is shutting down; the response then has `Connection: close`, so that no client sends
/// a request that will not be read.
///
/// - Source: RFC 9112, sections 6.3, 9.3 and 9.6.
final class PersistentConnection: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private struct Request {
    var isHead: Bool
    /// Whether the client speaks HTTP/1.0 or older.
    var isOld: Bool
    var closes: Bool
    var isWhole = false
  }

  private let readiness: Readiness
  /// Requests without a response yet; several with pipelining.
  private var requests: [Request] = []
  private var closesWhenRead = false
  private var isQuiescing = false
  private var isCounted = false

  init(_ readiness: Readiness) { self.readiness = readiness }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { count() }
  }

  func handlerRemoved(context: ChannelHandlerContext) { uncount() }

  func channelActive(context: ChannelHandlerContext) {
    count()
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    uncount()
    context.fireChannelInactive()
  }

  private func count() {
    if !isCounted { readiness.connectionOpened() }
    isCounted = true
  }

  private func uncount() {
    if isCounted { readiness.connectionClosed() }
    isCounted = false
  }

  private static func asksToClose(_ headers: HTTPHeaders) -> Bool {
    headers[canonicalForm: "connection"].contains { $0.lowercased() == "close" }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(var head):
      let isOld = (head.version.major, head.version.minor) < (1, 1)
      let asksToClose = Self.asksToClose(head.headers)
      requests.append(
        Request(
          isHead: head.method == .HEAD, isOld: isOld, closes: isOld || asksToClose))
      if isOld || asksToClose {
        // The server compares with exactly this word.
        head.headers.replaceOrAdd(name: "connection", value: "close")
      }
      // Only HTTP/1.0 may omit the host; no browser speaks it.
      if isOld, !head.headers.contains(name: "host") {
        head.headers.add(name: "host", value: "localhost")
      }
      context.fireChannelRead(wrapInboundOut(.head(head)))
    case .end:
      if !requests.isEmpty { requests[requests.count - 1].isWhole = true }
      context.fireChannelRead(data)
      if closesWhenRead { context.close(promise: nil) }
    case .body:
      context.fireChannelRead(data)
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head):
      guard head.status.code >= 200, !requests.isEmpty else {
        return context.write(data, promise: promise)
      }
      if readiness.isEnding || Self.asksToClose(head.headers) { requests[0].closes = true }
      let request = requests[0]
      // Without a length, closing the connection ends a response to HTTP/1.0. The same form keeps
      // the encoder from writing a final chunk after a response to HEAD, which has no body.
      if request.isOld
        || (request.isHead && !head.headers.contains(name: "content-length"))
      {
        head.version = .http1_0
        requests[0].closes = true
      }
      if requests[0].closes { head.headers.replaceOrAdd(name: "connection", value: "close") }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body:
      guard requests.first?.isHead != true else {
        promise?.succeed()
        return
      }
      context.write(data, promise: promise)
    case .end:
      guard !requests.isEmpty else { return context.write(data, promise: promise) }
      let request = requests.removeFirst()
      guard request.closes || (isQuiescing && requests.isEmpty) else {
        return context.write(data, promise: promise)
      }
      let written = promise ?? context.eventLoop.makePromise()
      let channel = context.channel
      context.writeAndFlush(data, promise: written)
      // If the client is still sending, a reset could discard the response.
      if request.isWhole {
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
      } else {
        closesWhenRead = true
      }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ChannelShouldQuiesceEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    isQuiescing = true
    // A request may already be on its way on a new connection.
    let bound = NIOLoopBound((context, self), eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .milliseconds(100)) {
      let (context, handler) = bound.value
      if handler.requests.isEmpty { context.channel.close(promise: nil) }
    }
  }
}

/// An HTTP/1.1 channel with `PersistentConnection` placed where protocol versions are still known.
struct ServiceChannel: HTTPChannelHandler {
  typealias Value = HTTP1Channel.Value

  let http1: HTTP1Channel
  let readiness: Readiness
  var responder: HTTPChannelHandler.Responder { http1.responder }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let readiness = readiness
    return http1.setup(channel: channel, logger: logger).flatMapThrowing { value in
      let pipeline = channel.pipeline.syncOperations
      let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
      try pipeline.addHandler(PersistentConnection(readiness), position: .before(codec))
      return value
    }
  }

  func handle(value: Value, logger: Logger) async {
    await http1.handle(value: value, logger: logger)
  }
}
