import Hummingbird
import Logging
import NIOCore

/// A request's context, in addition to its head and body.
struct ServiceContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The client's address without its port; nil if unknown.
  let client: String?

  init(source: Source) {
    coreContext = .init(source: source)
    client = source.channel.remoteAddress?.ipAddress
  }
}
