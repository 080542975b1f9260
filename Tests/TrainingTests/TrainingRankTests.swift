import Foundation
import Testing
import Torch

@testable import Training

/// Ranks that wait for each other before their group exists.
@Suite(.serialized) struct TrainingRankTests {
  /// Ranks 0 and 1 of two, each with its own thread, and what each of them ended with.
  private func together(
    timeout: Duration, delay: Double = 0,
    _ first: @escaping @Sendable (TrainingRank) throws -> Void,
    _ second: @escaping @Sendable (TrainingRank) throws -> Void
  ) async throws -> [(error: (any Error)?, time: Duration)] {
    let server = try RendezvousStore(host: "127.0.0.1", port: 0, serves: true)
    return await withTaskGroup(of: (Int, (any Error)?, Duration).self) { group in
      for (rank, work) in [first, second].enumerated() {
        group.addTask {
          let (error, time) = await Self.onThread {
            // The second rank may start late.
            Thread.sleep(forTimeInterval: rank == 1 ? delay : 0)
            let place = LaunchEnvironment(
              rank: rank, size: 2, host: "127.0.0.1", port: server.port, launcherServes: true)
            try work(try TrainingRank(place, timeout: timeout))
          }
          return (rank, error, time)
        }
      }
      var results: [(error: (any Error)?, time: Duration)] = [(nil, .zero), (nil, .zero)]
      for await (rank, error, time) in group { results[rank] = (error, time) }
      return results
    }
  }

  private static func onThread(_ work: @escaping @Sendable () throws -> Void) async
    -> ((any Error)?, Duration)
  {
    await withCheckedContinuation { done in
      Thread {
        var failure: (any Error)?
        let time = ContinuousClock().measure {
          do { try work() } catch { failure = error }
        }
        done.resume(returning: (failure, time))
      }.start()
    }
  }

  @Test func `a slow rank is waited for as long as it lives`() async throws {
    let ends = try await together(timeout: .seconds(1)) {
      try $0.announcePreparation()
      _ = try $0.group()
    } _: {
      _ = try $0.waitForPreparation()
      Thread.sleep(forTimeInterval: 3)
      _ = try $0.group()
    }
    #expect(ends.allSatisfy { $0.error == nil }, "\(ends)")
  }

  @Test func `a rank that starts late has the timeout from the end of the preparation`()
    async throws
  {
    let ends = try await together(timeout: .seconds(1), delay: 2) {
      Thread.sleep(forTimeInterval: 1.5)
      try $0.announcePreparation()
      _ = try $0.group()
    } _: {
      _ = try $0.waitForPreparation()
      _ = try $0.group()
    }
    #expect(ends.allSatisfy { $0.error == nil }, "\(ends)")
  }

  @Test func `a long preparation is waited for`() async throws {
    let ends = try await together(timeout: .seconds(1)) {
      Thread.sleep(forTimeInterval: 4)
      try $0.announcePreparation([7])
      _ = try $0.group()
    } _: {
      #expect(try $0.waitForPreparation() == [7])
      _ = try $0.group()
    }
    #expect(ends.allSatisfy { $0.error == nil }, "\(ends)")
  }

  @Test func `a rank lost after a long preparation is missed in time`() async throws {
    let ends = try await together(timeout: .seconds(1)) {
      Thread.sleep(forTimeInterval: 4)
      try $0.announcePreparation()
      _ = try $0.group()
    } _: {
      _ = try $0.waitForPreparation()
    }
    #expect("\(ends[0].error.map { "\($0)" } ?? "")".contains("lost rank 1"))
    #expect(ends[0].time < .seconds(4 + 1 + 2), "\(ends[0].time)")
  }

  @Test func `a first rank lost while it prepares is missed in time`() async throws {
    let ends = try await together(timeout: .seconds(1)) { _ in
      // Long enough for a sign of life.
      Thread.sleep(forTimeInterval: 1)
    } _: {
      _ = try $0.waitForPreparation()
    }
    #expect("\(ends[1].error.map { "\($0)" } ?? "")".contains("lost rank 0"))
    #expect(ends[1].time < .seconds(1 + 1 + 2), "\(ends[1].time)")
  }
}
