import Foundation
import Logging
import Models
import ServiceLifecycle
import Torch

/// Detects that a run was replaced on disk, and switches to the new one.
///
/// The new run is opened completely next to the old one and takes over between two batches, so that
/// every response comes from one model. If it cannot be opened, the old model stays: `/healthz`
/// then reports `"run": "changed"`, and the log has the reason.
struct RunWatcher: Service {
  let source: ModelSource
  let opened: [RunFolder.Stamp]
  let thread: ModelThread
  let catalogue: LabelCatalogue
  let model: CurrentModel
  let store: ServiceStore
  let additions: Turnstile
  let logger: Logger
  /// The interval between checks.
  let interval: Duration

  func run() async throws {
    var served = opened
    var failed: [RunFolder.Stamp]?
    var last = opened
    while await isTimeToLook() {
      let now = source.stamps
      defer { last = now }
      // Files that are still changing are ignored until they stop.
      guard now == last else { continue }
      guard now != served else {
        model.run = .current
        failed = nil
        continue
      }
      guard now != failed else { continue }
      do {
        served = try await reload()
        failed = nil
        model.run = .current
      } catch ModelThread.Refusal.stopped {
        return
      } catch {
        failed = now
        model.run = .changed
        logger.error(
          "the run was changed and cannot be opened; the model in memory stays in use",
          metadata: ["error": "\(error)"])
      }
    }
  }

  /// Waits for the next check; false when the service ends.
  private func isTimeToLook() async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask { (try? await Task.sleep(for: interval)) != nil }
      group.addTask {
        try? await gracefulShutdown()
        return false
      }
      defer { group.cancelAll() }
      return await group.next() ?? false
    }
  }

  /// Opens the new run and passes it to the model's thread.
  ///
  /// - Returns: the state of the folders.
  private func reload() async throws -> [RunFolder.Stamp] {
    let source = source
    let opened = try await offTheLoop { Handover(try source.open()) }
    // Adding labels waits, so that a label added meanwhile is not lost.
    let unusable = try await additions.run {
      let kept = try store.labels()
      let (new, unusable) = try await offTheLoop {
        var model = opened.value
        let unusable = try model.addKept(kept)
        return (Handover(model), unusable)
      }
      let (catalogue, model) = (catalogue, model)
      let (labels, description) = (new.value.labels, new.value.description)
      try await thread.replaceEngine(with: Handover(new.value.engine)) {
        catalogue.replaceAll(with: labels)
        model.description = description
      }
      return unusable
    }
    logger.notice("the run was replaced; the new model is now in use")
    logger.warn(of: unusable)
    return opened.value.stamps
  }
}
