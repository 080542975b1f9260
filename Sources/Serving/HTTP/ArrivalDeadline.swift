import NIOCore
import NIOHTTPTypes

/// Closes a connection on which a request takes too long to arrive, however it trickles, one that
/// stays idle, and one whose client does not read its answer.
///
/// The time runs from the connection's beginning or the last answer's end to the request's last
/// byte; while an answer is being made it stands still. It runs again from each piece of the answer
/// to the next, which is only written when the client has read most of those before.
final class ArrivalDeadline: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let limit: TimeAmount
  private var deadline: Scheduled<Void>?
  private var isAnswering = false

  init(limit: TimeAmount) { self.limit = limit }

  func handlerAdded(context: ChannelHandlerContext) { start(context) }
  func handlerRemoved(context: ChannelHandlerContext) { stop() }

  func channelInactive(context: ChannelHandlerContext) {
    stop()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // A request sent ahead must not keep an answer open that nobody reads.
    if case .end = unwrapInboundIn(data), !isAnswering { stop() }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    start(context)
    if case .end = unwrapOutboundIn(data) { isAnswering = false } else { isAnswering = true }
    context.write(data, promise: promise)
  }

  private func start(_ context: ChannelHandlerContext) {
    stop()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
  }

  private func stop() {
    deadline?.cancel()
    deadline = nil
  }
}
