import Foundation
import Logging
import ServiceLifecycle
import Torch
import Training

/// Notices that a run was replaced on the disk, and has the new one answer.
///
/// The new run is opened whole beside the old one and takes its place between two batches, so that
/// every answer comes from one model. What cannot be opened leaves the old model in its place:
/// `/healthz` then says `"run": "changed"`, and the log says why.
struct RunWatcher: Service {
  let source: ModelSource
  let opened: [RunStamp]
  let thread: ModelThread
  let catalogue: LabelCatalogue
  let model: CurrentModel
  let store: ServiceStore
  let additions: Turnstile
  let logger: Logger
  /// How often the files are looked at.
  let interval: Duration

  func run() async throws {
    var served = opened
    var failed: [RunStamp]?
    var last = opened
    while await isTimeToLook() {
      let now = source.stamps
      defer { last = now }
      // What still changes is left alone until it rests.
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
          "the run was changed and cannot be opened; the model in memory answers on",
          metadata: ["error": "\(error)"])
      }
    }
  }

  /// Waits; false when the service ends.
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

  /// Opens what is there and hands it to the model's thread.
  ///
  /// - Returns: what lay in the folders.
  private func reload() async throws -> [RunStamp] {
    let source = source
    let opened = try await offTheLoop { Handover(try source.open()) }
    // A label that is added meanwhile must not be lost, so that waits.
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
    logger.notice("the run was replaced; the new model answers from now on")
    logger.warn(of: unusable)
    return opened.value.stamps
  }
}
