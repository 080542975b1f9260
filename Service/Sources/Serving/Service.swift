import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import Metrics
import Models
import NIOCore
import ServiceLifecycle
import Torch
import UnixSignals

/// Serves a finished run over HTTP: predictions, similar documents, labels, feedback, and a page to
/// try it.
///
/// If the run is replaced on disk, so is the model. On SIGTERM and SIGINT the service ends after
/// responding to all requests in progress.
public struct DecantService: Sendable {
  private let routes: Routes
  private let watcher: RunWatcher
  private let lock: StoreLock
  private let settings: ServiceConfiguration
  private let logger: Logger
  private let onReady: @Sendable (_ port: Int) -> Void

  /// Creates a service; it does not listen yet.
  ///
  /// - Parameters:
  ///   - source: the runs of the model.
  ///   - path: the file for labels and feedback; created if it does not exist.
  ///   - onReady: receives the port once requests are accepted.
  /// - Throws: `InputError`, also for a store that cannot be opened; `FileError`, also for a store
  ///   in use by another service; `TorchError`.
  public init(
    _ source: ModelSource, store path: String, settings: ServiceConfiguration = .init(),
    logger: Logger, onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) throws {
    var opened = try source.open()
    lock = try StoreLock(store: path)
    let store = try ServiceStore(path: path, limit: settings.maximumStoreSize)
    logger.warn(of: try opened.addKept(store.labels()))
    let registry = PrometheusRegistry()
    let observation = Observation(registry: registry)
    let catalogue = LabelCatalogue(opened.labels)
    let model = CurrentModel(opened.description)
    let stamps = opened.stamps
    let thread = ModelThread(opened.engine, limits: settings.queue) {
      observation.batchSize.record($0)
    }
    routes = Routes(
      settings: settings, model: model, thread: thread, catalogue: catalogue, store: store,
      observation: observation, readiness: Readiness(grace: settings.grace))
    watcher = RunWatcher(
      source: source, opened: stamps, thread: thread, catalogue: catalogue, model: model,
      store: store, additions: routes.additions, logger: logger,
      interval: settings.watchInterval)
    self.settings = settings
    self.logger = logger
    self.onReady = onReady
  }

  /// Runs until it is told to end.
  ///
  /// - Throws: any error of the server if it cannot listen.
  public func run() async throws {
    if routes.hosts.isOpen, settings.token == nil {
      logger.warning(
        """
        anyone who reaches \(settings.host) can read and write, and so can every web page that they \
        visit; use --token-file, or --allowed-host with the intended names
        """)
    }
    let group = ServiceGroup(
      configuration: .init(
        services: [watcher, application, routes.readiness],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await group.run()) } catch { outcome = .failure(error) }
    routes.thread.stop()
    try routes.store.close()
    lock.release()
    try outcome.get()
  }

  private var application: some Service {
    let limit = TimeAmount.seconds(Int64(settings.arrivalSeconds))
    let (readiness, lock, host, onReady) = (routes.readiness, lock, settings.host, onReady)
    return Application(
      router: routes.router(),
      server: HTTPServerBuilder { responder in
        ServiceChannel(
          http1: HTTP1Channel(
            responder: responder,
            configuration: .init(
              additionalChannelHandlers: [ArrivalDeadline(limit: limit)],
              httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10,
                maxHeaderFieldCount: 100))),
          readiness: readiness)
      },
      configuration: .init(
        address: .hostname(settings.host, port: settings.port), serverName: "decant",
        availableConnectionsDelegate: .maximum(settings.maximumConnections, logger: logger)),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? 0
        lock.describe("process \(getpid()) at \(host), port \(port),")
        readiness.set(true)
        onReady(port)
      },
      logger: logger)
  }
}
