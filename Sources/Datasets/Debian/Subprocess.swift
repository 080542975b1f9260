import Foundation
import Storage

/// Runs a program and waits for it.
///
/// Uses `posix_spawn` and `waitpid`: Foundation's `Process` waits forever if sockets cannot be
/// created, as on a machine whose loopback network is down (swift-corelibs-foundation 6.3.1).
struct Subprocess {
  /// The program's full path.
  var path: String
  var arguments: [String]
  /// The folder to run in; nil for the current one.
  var folder: String?
  /// An open file for its standard input; nil for an empty one.
  var input: Int32?

  /// The full path of the program `name`, searched in `PATH` and the system's folders.
  static func path(of name: String) -> String? {
    let folders =
      (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
      + ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/lib/apt"]
    return folders.map { "\($0)/\(name)" }.first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
  }

  /// The result of a program.
  struct Outcome {
    /// Its exit status, or the negative number of the signal that ended it.
    var status: Int32
    /// Its standard output.
    var output: MappedFile
    /// Its output to standard error.
    var messages: String
  }

  /// Runs the program with messages in English.
  ///
  /// Both outputs go to files, so that neither can fill up and block.
  ///
  /// - Throws: `FileError` when a temporary file or the program cannot be opened.
  func run() throws -> Outcome {
    let output = try TemporaryFile()
    let errors = try TemporaryFile()
    let process = try spawn(output: output.descriptor, errors: errors.descriptor)
    var state: Int32 = 0
    while waitpid(process, &state, 0) < 0 {
      guard errno == EINTR else { throw FileError(path: path, action: "wait for", code: errno) }
    }
    // A wait status on Linux: the signal in the low seven bits, the exit status above.
    let signal = state & 0x7F
    return Outcome(
      status: signal == 0 ? (state >> 8) & 0xFF : -signal,
      output: try output.mapped(as: "a program's output"),
      messages: try errors.mapped(as: "a program's output").text)
  }

  private func spawn(output: Int32, errors: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    } else {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO)

    // Swift's Glibc lacks `posix_spawn_file_actions_addchdir_np`, so the shell changes the folder.
    let command =
      folder.map { ["/bin/sh", "-c", "cd -- \"$0\" && exec \"$@\"", $0, path] } ?? [path]
    var environment = ProcessInfo.processInfo.environment
    environment["LC_ALL"] = "C"
    var process: pid_t = 0
    let code = Self.withCStrings(command + arguments) { arguments in
      Self.withCStrings(environment.map { "\($0)=\($1)" }) { environment in
        posix_spawn(&process, command[0], &actions, nil, arguments, environment)
      }
    }
    guard code == 0 else { throw FileError(path: path, action: "run", code: code) }
    return process
  }

  /// Calls `body` with `strings` as a null-terminated list of C strings.
  private static func withCStrings<R>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
  ) -> R {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return body(copies + [nil])
  }
}

extension MappedFile {
  /// The whole content as text; invalid UTF-8 is replaced.
  var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
