import Foundation
import Storage
package import Torch

/// One of several processes that run a command together.
///
/// In a training, the first one reads the data and prepares the run; the others wait and read its files.
/// Then all of them train, each with its part of the labels and features.
package final class TrainingRank {
  /// This process's place.
  package let place: LaunchEnvironment
  /// The longest time to wait for the other ranks in one operation.
  let timeout: Duration
  let store: RendezvousStore
  private var opened: ProcessGroup?
  /// Until the group is open: then its operations tell when a rank is lost.
  private var pulse: Pulse?

  /// Finds the other processes' meeting point, or serves it.
  ///
  /// - Throws: `TorchError` of kind `collective`.
  package init(_ place: LaunchEnvironment, timeout: Duration) throws {
    (self.place, self.timeout) = (place, timeout)
    store = try RendezvousStore(
      host: place.host, port: place.port, serves: place.rank == 0 && !place.launcherServes,
      listener: place.rank == 0 ? place.listener : nil, timeout: timeout)
    try meet()
    pulse = try Pulse(
      connection(), rank: place.rank, size: place.size, timeout: timeout, prefix: key("early "))
  }

  deinit { pulse?.stop() }

  /// Checks that the processes at the meeting point belong together.
  private func meet() throws {
    guard try store.add(1, to: key("rank \(place.rank)")) == 1 else {
      throw refusal("another rank \(place.rank) is there: two commands use the same port")
    }
    if isFirst { try store.set(key("size"), to: Array("\(place.size)".utf8)) }
    let size = String(decoding: try store.value(of: key("size"), timeout: timeout), as: UTF8.self)
    guard size == "\(place.size)" else {
      throw refusal(
        "rank \(place.rank) was started for \(place.size) processes, rank 0 for \(size)")
    }
  }

  package func refusal(_ reason: String) -> TorchError {
    TorchError(
      kind: .collective, message: "cannot work together at \(place.host):\(place.port): \(reason)")
  }

  /// Whether this is the process that writes the run's files.
  package var isFirst: Bool { place.rank == 0 }

  /// The name of a key of this attempt; those of earlier ones stay in a launcher's store.
  func key(_ name: String) -> String { "decant/\(place.attempt)/\(name)" }

  /// Another connection to the meeting point.
  func connection() throws -> RendezvousStore {
    try RendezvousStore(
      host: place.host, port: store.port, serves: false, timeout: timeout)
  }

  /// Tells the other ranks that the first one has prepared its part, such as the run's files.
  ///
  /// - Parameter message: at most 64 kB for them.
  package func announcePreparation(_ message: [UInt8] = [1]) throws {
    try store.set(key("message"), to: message)
    try store.add(1, to: key("prepared"))
  }

  /// Waits for the first rank's announcement.
  ///
  /// It may take hours; if the first rank ends meanwhile or its machine does not answer any more, this
  /// throws after the timeout at the latest.
  ///
  /// - Returns: its message.
  package func waitForPreparation() throws -> [UInt8] {
    try wait(for: 1, at: "prepared") { $0.loss(ofFirst: 1) }
    return try store.value(of: key("message"), timeout: timeout)
  }

  /// Waits until a counter reaches a number, however long it takes, unless a rank is lost meanwhile.
  private func wait(for count: Int, at counter: String, loss: (Pulse) -> TorchError?) throws {
    while try store.add(0, to: key(counter), timeout: timeout) < count {
      if let loss = pulse.flatMap(loss) { throw loss }
      usleep(20_000)
    }
  }

  /// The group of all ranks; the first call waits for all of them, as long as they give signs of life.
  ///
  /// - Throws: `TorchError` of kind `collective`: a rank has not come within the timeout, or is lost.
  package func group() throws -> ProcessGroup {
    if let opened { return opened }
    let start = ContinuousClock.now
    try store.add(1, to: key("here"), timeout: timeout)
    try wait(for: place.size, at: "here") { $0.loss(since: start) }
    let group = try ProcessGroup(
      store, name: key("group"), rank: place.rank, size: place.size,
      address: OwnAddress.reachable(from: place.host),
      interface: ProcessInfo.processInfo.environment["GLOO_SOCKET_IFNAME"], timeout: timeout)
    opened = group
    pulse?.stop()
    pulse = nil
    return group
  }
}
