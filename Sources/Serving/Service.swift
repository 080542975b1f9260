public import Datasets
import Foundation
import Hummingbird
public import Logging
import Metrics
import NIOCore
import ServiceLifecycle
import Synchronization
import Torch
public import Training
import UnixSignals

/// A finished run over HTTP: predictions, similar documents, labels, feedback, and a page to try it.
///
/// Ends on SIGTERM and SIGINT after the requests that have begun are answered.
public struct DecantService: Sendable {
  private let routes: Routes
  private let settings: ServiceConfiguration
  private let logger: Logger
  private let onReady: @Sendable (_ port: Int) -> Void

  /// Prepares a service; nothing listens yet.
  ///
  /// - Parameters:
  ///   - model: nobody else may use it from now on.
  ///   - store: the file of labels and feedback; made where it is missing.
  ///   - documents: what similar documents are looked for among; nil for none.
  ///   - onReady: told the port once requests are answered.
  /// - Throws: `InputError`, also for a store that cannot be opened; `TorchError`.
  public init(
    _ model: sending TrainedModel, store path: String, documents: Documents? = nil,
    settings: ServiceConfiguration = .init(), logger: Logger,
    onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) throws {
    let store = try ServiceStore(path: path)
    let added = try store.labels()
    let counts = try model.labelCounts()
    var entries = zip(model.labelIDs, counts).map {
      LabelCatalogue.Entry(id: $0, text: nil, documents: $1)
    }
    entries += added.map { .init(id: $0.id, text: $0.text, documents: nil) }
    let registry = PrometheusRegistry()
    let observation = Observation(registry: registry)
    var description = ModelDescription(
      name: URL(fileURLWithPath: model.folder.path).lastPathComponent,
      labels: entries.count, dimension: model.dimension, trainedOn: model.configuration.dataset,
      isCalibrated: false, hasDocuments: false)
    let engine = try Engine(model, labels: added, documents: documents)
    description.isCalibrated = engine.isCalibrated
    description.hasDocuments = engine.hasDocuments
    routes = Routes(
      settings: settings, model: description,
      thread: ModelThread(engine, limits: settings.queue) {
        observation.batchSize.record($0)
      },
      catalogue: LabelCatalogue(entries), store: store, observation: observation,
      readiness: Readiness())
    self.settings = settings
    self.logger = logger
    self.onReady = onReady
  }

  /// Listens until it is told to end.
  ///
  /// - Throws: what the server throws when it cannot listen.
  public func run() async throws {
    let limit = TimeAmount.seconds(Int64(settings.arrivalSeconds))
    let readiness = routes.readiness
    let onReady = onReady
    let application = Application(
      router: routes.router(),
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [ArrivalDeadline(limit: limit)],
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))),
      configuration: .init(
        address: .hostname(settings.host, port: settings.port), serverName: "decant",
        availableConnectionsDelegate: .maximum(settings.maximumConnections, logger: logger)),
      onServerRunning: { channel in
        readiness.set(true)
        onReady(channel.localAddress?.port ?? 0)
      },
      logger: logger)
    let group = ServiceGroup(
      configuration: .init(
        services: [application, readiness], gracefulShutdownSignals: [.sigterm, .sigint],
        logger: logger))
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await group.run()) } catch { outcome = .failure(error) }
    routes.thread.stop()
    try routes.store.close()
    try outcome.get()
  }
}

/// Whether requests are welcome.
final class Readiness: Service, Sendable {
  private let value = Mutex(false)

  var isReady: Bool { value.withLock { $0 } }

  func set(_ isReady: Bool) { value.withLock { $0 = isReady } }

  /// Waits for the end, and says so before it comes.
  func run() async throws {
    try await gracefulShutdown()
    set(false)
  }
}
