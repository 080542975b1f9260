import Foundation
import Synchronization
import Torch

/// A sign of life of this rank in the meeting point, and what is known of the others', for times without
/// common operations that would fail when a rank is lost.
final class Pulse: Sendable {
  private struct State {
    var isOver = false
    /// When the meeting point answered last.
    var answered = ContinuousClock.now
    /// Why it no longer answers.
    var failure: TorchError?
    /// The latest count of each rank, and since when it has stood.
    var counts: [(count: Int, since: ContinuousClock.Instant)]
    /// The number of ranks that have finished.
    var finished = 0
  }

  private let state: Mutex<State>
  private let rank: Int
  private let timeout: Duration
  private static let interval = 0.5

  /// Begins to beat.
  ///
  /// - Parameters:
  ///   - store: a connection that nothing else uses, because an answer may never come.
  ///   - prefix: the beginning of the names of its keys.
  ///   - timeout: the time after which a rank without a beat counts as lost.
  init(_ store: RendezvousStore, rank: Int, size: Int, timeout: Duration, prefix: String) {
    (self.rank, self.timeout) = (rank, timeout)
    state = Mutex(State(counts: Array(repeating: (0, .now), count: size)))
    Thread { [self] in
      do {
        while !state.withLock({ $0.isOver }) {
          for other in 0..<size {
            let count = try store.add(other == rank ? 1 : 0, to: prefix + "pulse \(other)")
            state.withLock {
              $0.answered = .now
              if $0.counts[other].count != count { $0.counts[other] = (count, .now) }
            }
          }
          let finished = try store.add(0, to: prefix + "finished")
          state.withLock { $0.finished = finished }
          Thread.sleep(forTimeInterval: Self.interval)
        }
      } catch {
        state.withLock { $0.failure = error as? TorchError }
      }
    }.start()
  }

  /// Ends the beats.
  func stop() { state.withLock { $0.isOver = true } }

  /// The number of ranks that have finished.
  var finished: Int { state.withLock { $0.finished } }

  /// Why a rank counts as lost; nil as long as all are there.
  var loss: TorchError? { loss() }

  /// Why a rank counts as lost; nil as long as all that are asked for are there.
  ///
  /// - Parameters:
  ///   - first: how many ranks are asked for, from rank 0; nil for all.
  ///   - start: a rank that has not come yet has the timeout from then on.
  func loss(ofFirst first: Int? = nil, since start: ContinuousClock.Instant? = nil) -> TorchError? {
    state.withLock { state in
      if let failure = state.failure { return failure }
      let silent =
        state.answered.duration(to: .now) > timeout
        ? 0
        : state.counts.prefix(first ?? .max).firstIndex { count, since in
          let begun = count == 0 ? max(start ?? since, since) : since
          return begun.duration(to: .now) > timeout
        }
      return silent.map { lost in
        let names = "rank \(rank) of \(state.counts.count)"
        return TorchError(
          kind: .collective,
          message: state.counts[lost].count == 0
            ? "\(names) waited \(timeout) for rank \(lost), which did not come"
            : "\(names) lost rank \(lost): it gave no sign of life for \(timeout)")
      }
    }
  }
}
