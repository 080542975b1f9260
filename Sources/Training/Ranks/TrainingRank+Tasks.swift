import Foundation
import Torch

extension TrainingRank {
  /// Does some of `count` tasks, each as soon as this rank is free, until the ranks have done all.
  ///
  /// - Parameters:
  ///   - isInterrupted: whether the user has stopped this process.
  ///   - work: does the task of a number; its second argument says whether to stop, because of the user
  ///     or because a rank is lost.
  /// - Returns: the results of this rank's tasks by number.
  /// - Throws: `TorchError` of kind `collective` if a rank is lost; the error of `work`.
  func share<Result>(
    _ count: Int, isInterrupted: () -> Bool,
    _ work: (_ number: Int, _ isStopped: () -> Bool) throws -> Result
  ) throws -> [Int: Result] {
    let pulse = try Pulse(
      connection(), rank: place.rank, size: place.size, timeout: timeout, prefix: key(""))
    defer { pulse.stop() }
    var results: [Int: Result] = [:]
    while true {
      let number = try store.add(1, to: key("task"), timeout: timeout) - 1
      guard number < count else { break }
      do {
        results[number] = try withoutActuallyEscaping(isInterrupted) { isInterrupted in
          try work(number) { isInterrupted() || pulse.loss != nil }
        }
      } catch {
        if let loss = pulse.loss, !isInterrupted() { throw loss }
        throw error
      }
    }
    try store.add(1, to: key("finished"), timeout: timeout)
    while pulse.finished < place.size {
      if let loss = pulse.loss { throw loss }
      if isInterrupted() { throw TrainingError.interruptedInFold(count, of: count) }
      usleep(50_000)
    }
    return results
  }
}
