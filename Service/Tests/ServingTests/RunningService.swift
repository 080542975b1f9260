import Foundation
import Logging
import ServiceLifecycle
import Serving
import TestSupport
import Torch

/// A service that runs while `body` does, on a free port of the loopback address.
func withService<R: Sendable>(
  _ small: SmallModel, store: String? = nil, documents: Bool = false,
  _ change: (inout ServiceConfiguration) -> Void = { _ in },
  _ body: @Sendable @escaping (LoopbackClient) async throws -> R
) async throws -> R {
  try await withService([small.toServe(store: store, documents: documents)], change, body)
}

/// A service of several runs.
func withService<R: Sendable>(
  _ runs: [ServiceRun], logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
  _ change: (inout ServiceConfiguration) -> Void = { _ in },
  _ body: @Sendable @escaping (LoopbackClient) async throws -> R
) async throws -> R {
  var settings = ServiceConfiguration()
  settings.port = 0
  change(&settings)
  let (ports, port) = AsyncStream<Int>.makeStream()
  let service = try DecantService(runs, settings: settings, logger: logger) { port.yield($0) }
  return try await withThrowingTaskGroup(of: R?.self) { group in
    group.addTask {
      // A service that cannot start must not leave the other task waiting.
      defer { port.finish() }
      try await service.run()
      return nil
    }
    group.addTask {
      guard let port = await ports.first(where: { _ in true }) else { return nil }
      return try await body(LoopbackClient(port: port))
    }
    defer { group.cancelAll() }
    while let result = try await group.next() {
      if let result { return result }
    }
    throw CancellationError()
  }
}

/// A service that `body` may end as SIGTERM does, on a free port of the loopback address.
func withServiceToEnd(
  _ small: SmallModel, _ change: (inout ServiceConfiguration) -> Void = { _ in },
  _ body: @Sendable @escaping (LoopbackClient, ServiceGroup) async throws -> Void
) async throws {
  struct Whole: Service {
    let service: DecantService
    func run() async throws { try await service.run() }
  }
  var settings = ServiceConfiguration()
  settings.port = 0
  change(&settings)
  let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  let (ports, port) = AsyncStream<Int>.makeStream()
  let service = try DecantService([small.toServe()], settings: settings, logger: logger) {
    port.yield($0)
  }
  let group = ServiceGroup(
    configuration: .init(
      services: [.init(service: Whole(service: service), successTerminationBehavior: .ignore)],
      logger: logger))
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask {
      defer { port.finish() }
      try await group.run()
    }
    tasks.addTask {
      guard let port = await ports.first(where: { _ in true }) else { return }
      try await body(LoopbackClient(port: port), group)
    }
    try await tasks.waitForAll()
  }
}
