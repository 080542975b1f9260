/// The address and the limits of a service.
public struct ServiceConfiguration: Sendable {
  /// The address to listen at; a loopback address by default.
  public var host = "127.0.0.1"
  /// The port; 0 picks a free one.
  public var port = 8080
  /// Host names to answer to, in addition to `localhost`, the loopback addresses and `host`.
  ///
  /// If empty, a service on another address than a loopback one answers to all names.
  public var allowedHosts: [String] = []
  /// The bearer token that requests must carry; nil requires none.
  public var token: String?
  /// The maximum size of a request body, in bytes.
  public var maximumBodySize = 1 << 20
  /// The maximum number of texts per request.
  public var maximumTexts = 256
  /// The maximum number of texts to embed per request.
  public var maximumEmbeddings = 2048
  /// The maximum number of labels per response.
  public var maximumLabels = 1000
  /// The maximum number of added labels.
  public var maximumAddedLabels = 10_000
  /// The maximum length of a label's text, in characters (Unicode code points).
  public var maximumLabelText = 4096
  /// The maximum length of a text with feedback, in characters (Unicode code points).
  public var maximumFeedbackText = 256 << 10
  /// The maximum size of the store, in bytes.
  public var maximumStoreSize = 1 << 30
  /// The average number of requests per second from one address; nil for no limit.
  public var requestsPerSecond: Double?
  /// How long a request may take to arrive, and an idle connection may stay open.
  public var arrivalSeconds = 10
  /// The maximum number of open connections.
  public var maximumConnections = 1024
  /// The interval between checks for a replaced run.
  public var watchInterval = Duration.seconds(1)
  /// How long connections may stay open for a last request at shutdown.
  public var grace = Duration.seconds(1)
  /// The limits of the queue for the model.
  public var queue = ModelThread.Limits()

  /// Creates the default configuration.
  public init() {}

  /// Whether `name` is valid for `allowedHosts`: a name or an address, without a scheme or port.
  public static func isHostName(_ name: String) -> Bool {
    guard let authority = Authority(name.contains(":") ? "[\(name)]" : name) else { return false }
    return authority.port == nil && authority.host == name.lowercased()
  }
}
