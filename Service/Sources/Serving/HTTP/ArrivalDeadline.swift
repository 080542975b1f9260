import NIOCore
import NIOHTTPTypes

/// Closes connections whose request takes too long to arrive, however slowly, that stay idle, or
/// whose client does not read its response.
///
/// The time runs from the start of the connection or the end of the last response to the last byte
/// of the request; it stops while a response is prepared. It then runs from each part of the
/// response to the next, which is only written once the client has read most of the earlier ones.
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
    // A pipelined request must not extend the time for an unread response.
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
