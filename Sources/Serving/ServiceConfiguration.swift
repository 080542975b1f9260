/// How a service listens and what it allows.
public struct ServiceConfiguration: Sendable {
  /// Where it listens; a loopback address unless told otherwise.
  public var host = "127.0.0.1"
  /// The port; 0 takes a free one.
  public var port = 8080
  /// Requests that do not carry this are refused; nil asks for none.
  public var token: String?
  /// The largest body of a request, in bytes.
  public var maximumBodySize = 1 << 20
  /// Texts of one request, at most.
  public var maximumTexts = 256
  /// Labels of one answer, at most.
  public var maximumLabels = 1000
  /// Requests a second from one address, on average; nil for no limit.
  public var requestsPerSecond: Double?
  /// How long a request may take to arrive, an idle connection to stay open.
  public var arrivalSeconds = 10
  /// Connections open at once, at most.
  public var maximumConnections = 1024
  /// What waits for the model.
  public var queue = ModelThread.Limits()

  /// The usual settings.
  public init() {}
}
