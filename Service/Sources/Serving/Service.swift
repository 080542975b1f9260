import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
import Models
import NIOCore
import ServiceLifecycle
import Storage
import Torch
import UnixSignals

/// Serves finished runs over HTTP: predictions, embeddings, similar documents, labels, feedback, and
/// a page to try them.
///
/// If a run is replaced on disk, so is its model; SIGHUP opens all runs again. On SIGTERM and SIGINT
/// the service ends after responding to all requests in progress.
public struct DecantService: Sendable {
  let routes: Routes
  private let watchers: [RunWatcher]
  private let reloads: ReloadSignal
  private let settings: ServiceConfiguration
  private let logger: Logger
  private let onReady: @Sendable (_ port: Int) -> Void

  /// Creates a service; it does not listen yet.
  ///
  /// - Parameters:
  ///   - runs: the runs; the first one has the paths that name no run.
  ///   - onReady: receives the port once requests are accepted.
  /// - Throws: `InputError`, also for a store that cannot be opened; `FileError`, also for a store
  ///   in use by another service; `TorchError`; `ValueError` for no run, or two of the same name.
  public init(
    _ runs: [ServiceRun], settings: ServiceConfiguration = .init(), logger: Logger,
    onReady: @escaping @Sendable (_ port: Int) -> Void = { _ in }
  ) throws {
    try Self.check(runs.map(\.name))
    let observation = Observation()
    var served: [ServedRun] = []
    do {
      for run in runs {
        served.append(
          try ServedRun(run, settings: settings, observation: observation, logger: logger))
      }
    } catch {
      for run in served { try run.close() }
      throw error
    }
    routes = Routes(
      settings: settings, runs: ServedRuns(served), observation: observation,
      readiness: Readiness(grace: settings.grace))
    let (openings, reloads) = (Turnstile(), ReloadSignal(logger: logger))
    watchers = served.map {
      RunWatcher(
        $0, openings: openings, reloads: reloads, logger: logger, interval: settings.watchInterval)
    }
    self.reloads = reloads
    self.settings = settings
    self.logger = logger
    self.onReady = onReady
  }

  private static func check(_ names: [String]) throws {
    guard !names.isEmpty else {
      throw ValueError("runs", reason: "there are none to serve", expected: "one or more")
    }
    for (index, name) in names.enumerated() {
      guard !name.isEmpty, !name.contains("/"), !name.unicodeScalars.contains(where: \.isControl)
      else {
        throw ValueError(
          "the name \"\(name)\" of a run",
          reason: "it is empty or has a slash or a control character",
          expected: "a name for the paths of the service, as NAME=FOLDER")
      }
      guard !names[..<index].contains(name) else {
        throw ValueError(
          "the name \"\(name)\" of a run", reason: "two runs have it",
          expected: "a name for each run, as NAME=FOLDER")
      }
    }
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
    var services: [any Service] = watchers
    services += [reloads, application, routes.readiness]
    let group = ServiceGroup(
      configuration: .init(
        services: services,
        gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await group.run()) } catch { outcome = .failure(error) }
    for run in routes.runs.all { try run.close() }
    try outcome.get()
  }

  private var application: some Service {
    let limit = TimeAmount.seconds(Int64(settings.arrivalSeconds))
    let (readiness, runs) = (routes.readiness, routes.runs.all)
    let (host, onReady) = (settings.host, onReady)
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
        for run in runs { run.lock.describe("process \(getpid()) at \(host), port \(port),") }
        readiness.set(true)
        onReady(port)
      },
      logger: logger)
  }
}
