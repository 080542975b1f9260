import Foundation
import Logging
import Models
import ServiceLifecycle
import Torch

/// Detects that a run was replaced on disk, and switches to the new one.
///
/// The new run is opened completely next to the old one and takes over between two batches, so that
/// every response comes from one model. If it cannot be opened, the old model stays: `/healthz` and
/// `/readyz` then report `"changed"`, and the log has the reason.
struct RunWatcher: Service {
  let served: ServedRun
  /// Runs are opened one at a time, so that at most one model exists in addition to the served ones.
  let openings: Turnstile
  let reloads: ReloadSignal
  let logger: Logger
  /// The interval between checks.
  let interval: Duration

  init(
    _ run: ServedRun, openings: Turnstile, reloads: ReloadSignal, logger: Logger,
    interval: Duration
  ) {
    served = run
    self.openings = openings
    self.reloads = reloads
    self.logger = logger
    self.interval = interval
  }

  func run() async throws {
    let model = served.model
    var current = served.opened
    var failed: [RunFolder.Stamp]?
    var last = current
    var obeyed = reloads.count
    while await isTimeToLook() {
      let now = served.source.stamps
      defer { last = now }
      // Files that are still changing are ignored until they stop.
      guard now == last else { continue }
      let requests = reloads.count
      if requests == obeyed {
        guard now != current else {
          model.run = .current
          failed = nil
          continue
        }
        guard now != failed else { continue }
      }
      obeyed = requests
      do {
        current = try await openings.run { try await reload() }
        failed = nil
        model.run = .current
      } catch ModelThread.Refusal.stopped {
        return
      } catch {
        failed = now
        if now != current { model.run = .changed }
        logger.error(
          "the run cannot be opened again; the model in memory stays in use",
          metadata: ["run": "\(served.name)", "error": "\(error)"])
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
    let (source, store) = (served.source, served.store)
    let opened = try await offTheLoop { Handover(try source.open()) }
    // Changes of labels wait, so that none made meanwhile is lost.
    let unusable = try await served.labelChanges.run {
      let kept = try store.labels()
      let (new, unusable) = try await offTheLoop {
        var model = opened.value
        let unusable = try model.addKept(kept)
        return (Handover(model), unusable)
      }
      let (catalogue, model) = (served.catalogue, served.model)
      let (labels, description) = (new.value.labels, new.value.description)
      try await served.thread.replaceEngine(with: Handover(new.value.engine)) {
        catalogue.replaceAll(with: labels)
        model.description = description
      }
      return unusable
    }
    logger.notice(
      "the run was opened again; the new model is now in use",
      metadata: ["run": "\(served.name)"])
    logger.warn(of: unusable)
    return opened.value.stamps
  }
}
