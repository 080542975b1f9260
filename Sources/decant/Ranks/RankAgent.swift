import ArgumentParser
import Foundation
import Storage

/// Starts the processes that run a command together on this machine, and starts them again after one of
/// them has died.
struct RankAgent {
  /// The number of processes.
  let size: Int
  /// How often to start all again.
  let restarts: Int
  /// Whether processes that are started again continue where the others were.
  let hasCheckpoints: Bool
  /// The arguments of each.
  let arguments: [String]
  /// Receives a sentence about a restart.
  let note: (String) -> Void

  /// A process that ended without success, and its exit code or the negative number of a signal.
  private struct Failure {
    let rank: Int
    let code: Int32
    /// Whether it had to be ended, because it did not end by itself after another one had.
    var wasEnded = false

    var reason: String {
      if wasEnded { return "did not answer any more and was ended" }
      guard code < 0 else { return "ended with code \(code)" }
      return "was ended by signal \(-code)"
        + (-code == SIGKILL ? "; the system does so when memory runs out" : "")
    }
  }

  /// The time that the others have to end by themselves after one has failed.
  private static let grace = 5.0

  /// Waits until all processes have ended well.
  ///
  /// - Throws: `ExitCode` of the process that failed first, once there is no restart left or a restart
  ///   would fail in the same way; `FileError` if a process cannot be started.
  func run() throws {
    // Catches signals from here on.
    _ = Interruption.isRequested()
    for attempt in 0... {
      guard let failure = try run(attempt) else { return }
      if Interruption.isRequested() { throw ExitCode(Interruption.exitCode) }
      let isLost = failure.code < 0 || failure.code == ProcessOptions.lostExitCode
      let reason = "process \(failure.rank) of \(size) \(failure.reason)"
      guard isLost, attempt < restarts else {
        // Any other code has its message already.
        if isLost {
          StandardStreams.note(
            "decant: \(reason)"
              + (hasCheckpoints ? "; --resume continues from the last checkpoint" : ""))
        }
        throw ExitCode(failure.code < 0 ? ProcessOptions.lostExitCode : failure.code)
      }
      note(
        "\(reason); all start again" + (hasCheckpoints ? " from the last checkpoint" : "")
          + " (\(attempt + 1) of \(restarts))")
    }
  }

  private func run(_ attempt: Int) throws -> Failure? {
    let socket = try ListeningSocket()
    defer { socket.close() }
    var running: [Int: pid_t] = [:]
    do {
      for rank in 0..<size { running[rank] = try start(rank, attempt, socket) }
    } catch {
      for process in running.values { kill(process, SIGKILL) }
      for process in running.values { _ = wait(process) }
      throw error
    }
    socket.close()
    var failure: Failure?
    var isInterrupted = false
    var stopped: Double?
    var ended: Set<Int> = []
    while !running.isEmpty {
      for (rank, process) in running.sorted(by: { $0.key < $1.key }) {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { continue }
        running[rank] = nil
        let code = OwnProgram.code(ofStatus: status)
        guard code != 0 else { continue }
        // Those that lost another end as a consequence.
        let isFirstCause =
          failure.map { $0.code == ProcessOptions.lostExitCode && code != $0.code } ?? true
        if isFirstCause {
          failure = Failure(rank: rank, code: code, wasEnded: ended.contains(rank))
        }
        if stopped == nil { stopped = Self.now }
      }
      if Interruption.isRequested(), !isInterrupted {
        isInterrupted = true
        for process in running.values { kill(process, SIGTERM) }
      }
      // A process that is suspended does not end by itself.
      if let stopped,
        Self.now - stopped > Self.grace || running.values.allSatisfy(Self.isSuspended)
      {
        ended.formUnion(running.keys)
        for process in running.values { kill(process, SIGKILL) }
      }
      if !running.isEmpty { usleep(20_000) }
    }
    return failure
  }

  private func start(_ rank: Int, _ attempt: Int, _ socket: ListeningSocket) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var variables = [
      "RANK": "\(rank)", "WORLD_SIZE": "\(size)", "LOCAL_RANK": "\(rank)",
      "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(socket.port)", "TRAINING_ATTEMPT": "\(attempt)",
      "TRAINING_AGENT": "\(getpid())", "TORCHELASTIC_USE_AGENT_STORE": "False",
    ]
    if rank == 0 {
      let inherited: Int32 = 3
      posix_spawn_file_actions_adddup2(&actions, socket.descriptor, inherited)
      variables["TRAINING_LISTENER"] = "\(inherited)"
    }
    return try OwnProgram.start(arguments, &actions, variables: variables)
  }

  private func wait(_ process: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return OwnProgram.code(ofStatus: status)
  }

  /// Whether a signal such as SIGSTOP has suspended a process.
  private static func isSuspended(_ process: pid_t) -> Bool {
    // The state follows the name, which is in parentheses and may contain any others.
    let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    return text?.split(separator: ")").last?.hasPrefix(" T") ?? false
  }

  private static var now: Double { ProcessInfo.processInfo.systemUptime }
}

/// A socket that listens at a free port of 127.0.0.1; the first rank takes it over, so that no other
/// program can take the port between.
private final class ListeningSocket {
  let descriptor: Int32
  let port: Int
  private var isOpen = true

  init() throws {
    let socket = Glibc.socket(
      AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        socket >= 0 && bind(socket, $0, length) == 0 && listen(socket, 128) == 0
          && getsockname(socket, $0, &length) == 0
      }
    }
    guard isListening else {
      let code = errno
      if socket >= 0 { Glibc.close(socket) }
      throw FileError(path: "127.0.0.1", action: "listen at a port of", code: code)
    }
    descriptor = socket
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    Glibc.close(descriptor)
  }
}
