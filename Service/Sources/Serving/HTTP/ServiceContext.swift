import Foundation
import Hummingbird
import Logging
import NIOCore
import Storage

/// A request's context, in addition to its head and body.
struct ServiceContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The client's address without its port; nil if unknown.
  let client: String?

  init(source: Source) {
    coreContext = .init(source: source)
    client = source.channel.remoteAddress?.ipAddress
  }

  /// A parameter of the path, percent-decoded and in NFC; nil if the path has none of that name.
  func decoded(_ parameter: String) -> String? {
    parameters.get(parameter).map { ($0.removingPercentEncoding ?? "").normalizedToNFC }
  }
}
