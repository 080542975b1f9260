import Hummingbird
import Logging
import NIOCore

/// What is known of a request beside its head and body.
struct ServiceContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The client's address without its port; nil where there is none.
  let client: String?

  init(source: Source) {
    coreContext = .init(source: source)
    client = source.channel.remoteAddress?.ipAddress
  }
}
