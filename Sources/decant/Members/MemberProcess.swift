import Foundation
import Storage

/// The process that trains one member.
///
/// Uses `posix_spawn` for the reason that `Subprocess` gives.
final class MemberProcess {
  /// The member's number, from 1.
  let number: Int
  /// Its standard output and standard error, from which lines are read as they come.
  private var streams: [LineStream]
  private let process: pid_t

  /// Starts this program again.
  ///
  /// - Throws: `FileError` if it cannot be started.
  init(number: Int, arguments: [String]) throws {
    let program = OwnProgram.path
    let output = try Pipe(program)
    let messages = try Pipe(program)
    defer { for end in [output.write, messages.write] { close(end) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, messages.write, STDERR_FILENO)
    do {
      process = try OwnProgram.start(arguments, &actions)
    } catch {
      for end in [output.read, messages.read] { close(end) }
      throw error
    }
    self.number = number
    streams = [LineStream(output.read), LineStream(messages.read)]
  }

  /// Asks it to stop with a checkpoint.
  func interrupt() { kill(process, SIGTERM) }

  /// The open descriptors to read from.
  var descriptors: [Int32] { streams.filter { !$0.isAtEnd }.map(\.descriptor) }

  /// Whether it has closed both streams, which happens when it ends.
  var isAtEnd: Bool { streams.allSatisfy(\.isAtEnd) }

  /// The lines of its output and of its messages that have arrived.
  func readLines(from ready: Set<Int32>) -> (output: [String], messages: [String]) {
    let lines = streams.indices.map { index in
      ready.contains(streams[index].descriptor) ? streams[index].read() : []
    }
    return (lines[0], lines[1])
  }

  /// Waits for its end.
  ///
  /// - Returns: its exit code, or the negative number of the signal that ended it.
  func wait() -> Int32 {
    var state: Int32 = 0
    while waitpid(process, &state, 0) < 0 {
      // Only an interrupted call is repeated.
      guard errno == EINTR else { return 70 }
    }
    return OwnProgram.code(ofStatus: state)
  }
}

/// The two ends of a pipe, which a started process does not inherit.
private struct Pipe {
  let read: Int32
  let write: Int32

  init(_ user: String) throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw FileError(path: user, action: "open a pipe to", code: errno)
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (read, write) = (ends[0], ends[1])
  }
}

/// Splits the bytes that arrive at a descriptor into lines.
private struct LineStream {
  let descriptor: Int32
  private(set) var isAtEnd = false
  private var rest: [UInt8] = []

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// The complete lines so far; blocks if nothing is there.
  mutating func read() -> [String] {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EINTR { return [] }
    if count <= 0 {
      close(descriptor)
      isAtEnd = true
      defer { rest = [] }
      return rest.isEmpty ? [] : [String(decoding: rest, as: UTF8.self)]
    }
    rest += buffer.prefix(count)
    var parts = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let last = parts.popLast() ?? []
    defer { rest = Array(last) }
    return parts.map { String(decoding: $0, as: UTF8.self) }
  }
}
