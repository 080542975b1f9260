/// How a service listens and what it allows.
public struct ServiceConfiguration: Sendable {
  /// Where it listens; a loopback address unless told otherwise.
  public var host = "127.0.0.1"
  /// The port; 0 takes a free one.
  public var port = 8080
  /// Names it answers to beside `localhost`, the loopback addresses and `host`.
  ///
  /// Without any, a service that listens elsewhere than on a loopback address answers to all names.
  public var allowedHosts: [String] = []
  /// Requests that do not carry this are refused; nil asks for none.
  public var token: String?
  /// The largest body of a request, in bytes.
  public var maximumBodySize = 1 << 20
  /// Texts of one request, at most.
  public var maximumTexts = 256
  /// Labels of one answer, at most.
  public var maximumLabels = 1000
  /// Labels that may be added in all.
  public var maximumAddedLabels = 10_000
  /// Characters (Unicode code points) of a label's text, at most.
  public var maximumLabelText = 4096
  /// Characters (Unicode code points) of a text that feedback is kept on, at most.
  public var maximumFeedbackText = 256 << 10
  /// How large the store may become, in bytes.
  public var maximumStoreSize = 1 << 30
  /// Requests a second from one address, on average; nil for no limit.
  public var requestsPerSecond: Double?
  /// How long a request may take to arrive, an idle connection to stay open.
  public var arrivalSeconds = 10
  /// Connections open at once, at most.
  public var maximumConnections = 1024
  /// How often the run's files are looked at, to notice that it was replaced.
  public var watchInterval = Duration.seconds(1)
  /// How long connections may stay open for a last request when the service ends.
  public var grace = Duration.seconds(1)
  /// What waits for the model.
  public var queue = ModelThread.Limits()

  /// The usual settings.
  public init() {}

  /// Whether `allowedHosts` may have it: a name or an address, without a scheme and a port.
  public static func isHostName(_ name: String) -> Bool {
    guard let authority = Authority(name.contains(":") ? "[\(name)]" : name) else { return false }
    return authority.port == nil && authority.host == name.lowercased()
  }
}
