import Foundation
import Storage

/// This program, started again.
///
/// Uses `posix_spawn` for the reason that `Subprocess` gives.
enum OwnProgram {
  /// The running executable, even where its file has been replaced.
  static let path = "/proc/self/exe"

  /// Starts it with other arguments; its standard input is empty.
  ///
  /// The process has a group to itself: a terminal's Ctrl-C reaches only the process that started it,
  /// which passes it on. A second signal would end a training without a checkpoint.
  ///
  /// - Parameters:
  ///   - actions: actions on file descriptors.
  ///   - variables: environment variables in addition to those of this process.
  /// - Throws: `FileError` if it cannot be started.
  static func start(
    _ arguments: [String], _ actions: inout posix_spawn_file_actions_t,
    variables: [String: String] = [:]
  ) throws -> pid_t {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
    let environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
    var words = (["decant"] + arguments).map { strdup($0) } + [nil]
    var settings = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for word in words + settings { free(word) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, path, &actions, &attributes, &words, &settings)
    guard code == 0 else { throw FileError(path: path, action: "run", code: code) }
    return process
  }

  /// The exit code of an ended process, or the negative number of the signal that ended it.
  ///
  /// - Parameter status: as `waitpid` gives it: on Linux the signal in the low seven bits, the exit
  ///   code above.
  static func code(ofStatus status: Int32) -> Int32 {
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : -signal
  }
}
