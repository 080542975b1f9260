import Foundation
import Synchronization
package import Torch

/// Several ranks in threads of this process, for tests that results do not depend on their number.
package enum Ranks {
  /// Runs `body` once for each rank, at the same time.
  ///
  /// - Returns: the results in the order of the ranks.
  /// - Throws: the error of the first rank that failed.
  package static func run<Result: Sendable>(
    _ count: Int, timeout: Duration = .seconds(30),
    _ body: @escaping @Sendable (ProcessGroup) throws -> Result
  ) throws -> [Result] {
    let server = try RendezvousStore(host: "127.0.0.1", port: 0, serves: true)
    let results = Results<Result>(count)
    let done = DispatchGroup()
    for rank in 0..<count {
      done.enter()
      let thread = Thread {
        defer { done.leave() }
        results[rank] = Swift.Result {
          let store =
            rank == 0
            ? server : try RendezvousStore(host: "127.0.0.1", port: server.port, serves: false)
          let group = try ProcessGroup(
            store, name: "test", rank: rank, size: count, address: "127.0.0.1", timeout: timeout)
          return try Runtime.withThreads(1) { try checked { try body(group) } }
        }
      }
      // Swift's closures of a gradient run deep.
      thread.stackSize = 8 << 20
      thread.start()
    }
    done.wait()
    return try results.all()
  }

  private final class Results<Value: Sendable>: Sendable {
    private let values: Mutex<[Result<Value, any Error>?]>

    init(_ count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

    subscript(rank: Int) -> Result<Value, any Error>? {
      get { values.withLock { $0[rank] } }
      set { values.withLock { $0[rank] = newValue } }
    }

    func all() throws -> [Value] {
      try values.withLock { values in try values.map { try $0!.get() } }
    }
  }
}
