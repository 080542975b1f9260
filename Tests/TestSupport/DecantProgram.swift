import Foundation
import Storage
public import Testing

/// The binary that was built with these tests, run as a user runs it.
public struct DecantProgram {
  /// The exit code and output of a process.
  public struct Outcome: Sendable {
    /// Its exit code, or the negative number of the signal that ended it.
    public var code: Int32
    /// Its standard output.
    public var output: String
    /// Its standard error.
    public var messages: String
    /// The processor time it took, in seconds.
    public var cpuSeconds: Double

    /// The lines of standard output.
    public var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  /// Runs `decant` and waits for it.
  ///
  /// - Parameters:
  ///   - environment: variables in addition to those of the tests.
  ///   - input: a file for standard input; empty by default.
  ///   - output: a file for standard output instead of the outcome.
  @discardableResult
  public static func run(
    _ arguments: [String], environment: [String: String] = [:], input: String = "/dev/null",
    output: String? = nil
  ) throws -> Outcome {
    try DecantProcess(arguments, environment: environment, input: input, output: output).wait()
  }

  /// Runs `decant` and expects it to succeed.
  @discardableResult
  public static func succeed(
    _ arguments: [String], input: String = "/dev/null",
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try run(arguments, input: input)
    #expect(
      outcome.code == 0, "\(arguments.joined(separator: " ")): \(outcome.messages)",
      sourceLocation: sourceLocation)
    return outcome
  }

  /// Runs `decant` and expects it to fail with one sentence that contains `words`.
  public static func refuse(
    _ arguments: [String], code: Int32, _ words: String...,
    environment: [String: String] = [:], output: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try run(arguments, environment: environment, output: output)
    let command = Comment(rawValue: arguments.joined(separator: " ") + ": " + outcome.messages)
    #expect(outcome.code == code, command, sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, command, sourceLocation: sourceLocation)
    for word in words {
      #expect(outcome.messages.contains(word), command, sourceLocation: sourceLocation)
    }
    let lines = outcome.messages.split(separator: "\n")
    // The argument parser adds a usage text.
    let sentences = lines.filter { !$0.hasPrefix("Usage:") && !$0.hasPrefix("  See ") }
    #expect(code == 64 || sentences.count == 1, command, sourceLocation: sourceLocation)
  }

  /// The binary's path: `DECANT_PROGRAM`, such as a release build's, or the folder of the test
  /// bundle.
  public static let path =
    ProcessInfo.processInfo.environment["DECANT_PROGRAM"]
    ?? Bundle.main.bundleURL.appending(path: "decant").path
}

/// One running `decant`.
///
/// Uses `posix_spawn`, because Foundation's `Process` needs sockets.
public final class DecantProcess {
  private let folder: TemporaryFolder
  private let process: pid_t
  /// The number of the process.
  public var id: Int32 { process }
  private let output: String
  private var isOver = false

  /// Starts a program, by default `decant`.
  public init(
    _ arguments: [String], program: String = DecantProgram.path,
    environment: [String: String] = [:], input: String = "/dev/null", output: String? = nil
  ) throws {
    folder = try TemporaryFolder()
    self.output = output ?? folder.file("output")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let write = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, self.output, write, 0o644)
    posix_spawn_file_actions_addopen(
      &actions, STDERR_FILENO, folder.file("messages"), write, 0o644)
    // Background jobs ignore SIGINT, threads of a pool block all signals, and a child inherits
    // both.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var process: pid_t = 0
    let code = Self.withCStrings([program] + Self.quickly(arguments)) { arguments in
      Self.withCStrings(variables.map { "\($0)=\($1)" }) { variables in
        posix_spawnp(&process, program, &actions, &attributes, arguments, variables)
      }
    }
    guard code == 0 else { throw FileError(path: program, action: "run", code: code) }
    self.process = process
  }

  /// The arguments without a calibration, unless they name it: it trains several times more.
  private static func quickly(_ arguments: [String]) -> [String] {
    let isNamed = arguments.contains { ["--calibrate", "--no-calibrate"].contains($0) }
    return arguments.first == "train" && !isNamed ? arguments + ["--no-calibrate"] : arguments
  }

  deinit {
    if !isOver {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
  }

  /// Sends a signal.
  public func send(_ signal: Int32) { kill(process, signal) }

  /// Whether the process has not ended yet.
  public var isRunning: Bool {
    var information = siginfo_t()
    // Checks without reaping the process, which `wait` needs.
    waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
    return information._sifields._sigchld.si_pid == 0
  }

  /// Waits until `isReached` returns true or the process ends.
  public func wait(until isReached: () throws -> Bool) rethrows {
    while try !isReached(), isRunning { usleep(500) }
  }

  /// Its output to standard error so far.
  public var messages: String {
    get throws { try String(contentsOfFile: folder.file("messages"), encoding: .utf8) }
  }

  /// Waits for the end of the process.
  public func wait() throws -> DecantProgram.Outcome {
    var state: Int32 = 0
    var usage = rusage()
    while wait4(process, &state, 0, &usage) < 0 {
      guard errno == EINTR else {
        throw FileError(path: DecantProgram.path, action: "wait for", code: errno)
      }
    }
    isOver = true
    // A wait status on Linux: the signal in the low seven bits, the exit code above.
    let signal = state & 0x7F
    return DecantProgram.Outcome(
      code: signal == 0 ? (state >> 8) & 0xFF : -signal,
      output: output.hasPrefix("/dev/") ? "" : try String(contentsOfFile: output, encoding: .utf8),
      messages: try messages,
      cpuSeconds: Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime))
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1e6
  }

  private static func withCStrings<R>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R
  ) -> R {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return body(copies + [nil])
  }
}
