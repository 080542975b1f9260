import Storage
package import Torch

/// One of several processes that train a run together.
///
/// The first one reads the data and prepares the run; the others wait and read its files. Then all of
/// them train, each with its part of the labels and features.
package final class TrainingRank {
  /// This process's place.
  package let place: LaunchEnvironment
  /// The longest time to wait for the other ranks in one operation.
  let timeout: Duration
  private let store: RendezvousStore
  private var opened: ProcessGroup?

  /// Finds the other processes' meeting point, or serves it.
  ///
  /// - Throws: `TorchError` of kind `collective`.
  package init(_ place: LaunchEnvironment, timeout: Duration) throws {
    (self.place, self.timeout) = (place, timeout)
    store = try RendezvousStore(
      host: place.host, port: place.port, serves: place.rank == 0 && !place.launcherServes,
      listener: place.rank == 0 ? place.listener : nil, timeout: timeout)
  }

  /// Whether this is the process that writes the run's files.
  package var isFirst: Bool { place.rank == 0 }

  /// The name of a key of this attempt; those of earlier ones stay in a launcher's store.
  private func key(_ name: String) -> String { "decant/\(place.attempt)/\(name)" }

  /// Tells the other ranks that the run's files are there.
  package func announcePreparation() throws { try store.set(key("prepared"), to: [1]) }

  /// Waits until the first rank has prepared the run's files.
  ///
  /// It may take hours; if the first rank ends meanwhile, this throws at once.
  package func waitForPreparation() throws {
    _ = try store.value(of: key("prepared"), timeout: .seconds(7 * 24 * 3600))
  }

  /// The group of all ranks; the first call waits for all of them.
  func group() throws -> ProcessGroup {
    if let opened { return opened }
    let group = try ProcessGroup(
      store, name: key("group"), rank: place.rank, size: place.size,
      address: place.host == "127.0.0.1" ? place.host : nil, timeout: timeout)
    opened = group
    return group
  }

  /// The bytes that this rank has handed to the others so far.
  package var traffic: ProcessGroup.Traffic { opened?.traffic ?? .init() }
}
