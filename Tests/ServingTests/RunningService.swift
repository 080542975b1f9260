import Datasets
import Foundation
import Logging
import Serving
import TestSupport
import Torch
import Training

/// A service that runs while `body` does, on a free port of the loopback address.
func withService<R: Sendable>(
  _ small: SmallModel, store: String? = nil, documents: Bool = false,
  _ change: (inout ServiceConfiguration) -> Void = { _ in },
  _ body: @Sendable @escaping (LoopbackClient) async throws -> R
) async throws -> R {
  var settings = ServiceConfiguration()
  settings.port = 0
  change(&settings)
  let (ports, port) = AsyncStream<Int>.makeStream()
  let service = try DecantService(
    small.open(), store: store ?? small.folder.file("service.sqlite"),
    documents: documents ? Dataset.read(small.data).documents : nil, settings: settings,
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  ) { port.yield($0) }
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
