import ArgumentParser
import Foundation
import Models
import Storage
import Torch
import Training

/// The options of a command that several processes can run together.
struct ProcessOptions: ParsableArguments {
  /// The exit code of a process that has lost the others: try again later, as in sysexits.h.
  static let lostExitCode: Int32 = 75

  @Option(
    help: ArgumentHelp(
      """
      Divide the work among this many processes of this machine. Launchers such as torchrun and Slurm \
      start the processes themselves.
      """, valueName: "count", visibility: .rare))
  var processes: Int?

  @Option(
    help: ArgumentHelp(
      "Times that all processes start again after one has died, with --processes (default: 0).",
      valueName: "count", visibility: .rare))
  var restarts: Int?

  @Option(
    help: ArgumentHelp(
      "Seconds that a process waits for another before it gives up (default: 300).",
      valueName: "seconds", visibility: .rare))
  var processTimeout: Int?

  func validate() throws {
    try require([
      ("processes", processes, 1), ("restarts", restarts, 0),
      ("process-timeout", processTimeout, 1),
    ])
    if restarts != nil, processes == nil {
      throw ValidationError("--restarts needs --processes.")
    }
  }

  /// Whether this process was started by another one with the same options, which has checked them
  /// aloud, or is not the first of a launcher's.
  static var isStarted: Bool {
    guard let place = try? LaunchEnvironment.read() else { return false }
    return place.agent != nil || place.rank > 0
  }

  /// Runs the body of a command alone, as one of several processes, or as the process that starts them.
  ///
  /// - Parameters:
  ///   - hasCheckpoints: whether a command that is started again continues where it was.
  ///   - check: refuses options before any process is started.
  ///   - isFinished: whether nothing is left to do. The first process then ends without waiting, so the
  ///     others must not wait for it.
  ///   - body: receives this process's place among several; nil for one process.
  func run(
    quiet: Bool, hasCheckpoints: Bool = false, checking check: () throws -> Void = {},
    isFinished: () -> Bool = { false }, _ body: (TrainingRank?) throws -> Void
  ) throws {
    if let place = try place() {
      if place.rank > 0, isFinished() { return }
      return try body(rank(at: place))
    }
    guard let processes, processes > 1 else { return try body(nil) }
    try check()
    let agent = RankAgent(
      size: processes, restarts: restarts ?? 0, hasCheckpoints: hasCheckpoints,
      arguments: Array(CommandLine.arguments.dropFirst())
    ) { if !quiet { StandardStreams.note($0) } }
    try agent.run()
  }

  /// Makes the things that every process needs, such as a model, before they need each other.
  ///
  /// A fault that all of them find is the first one's to report.
  ///
  /// - Parameter message: the news of the first process for the others.
  /// - Throws: the error of `make`; `ExitCode` where the first process has reported one.
  func prepared<Result>(
    _ rank: TrainingRank?, _ make: () throws -> Result,
    announcing message: (Result) throws -> [UInt8] = { _ in [1] }
  ) throws -> Result {
    guard let rank else { return try make() }
    if rank.isFirst {
      let result = try make()
      try rank.announcePreparation(message(result))
      return result
    }
    let result = Swift.Result { try make() }
    _ = try waitForPreparation(rank)
    return try result.get()
  }

  /// Waits until the first process has prepared its part.
  ///
  /// - Returns: its message to the others.
  /// - Throws: `ExitCode` where the first process, or the one that started it, reports the reason.
  @discardableResult
  func waitForPreparation(_ rank: TrainingRank) throws -> [UInt8] {
    do {
      return try rank.waitForPreparation()
    } catch {
      guard rank.place.agent != nil else { throw error }
      throw ExitCode(Self.lostExitCode)
    }
  }

  /// The threads of each of several processes: as given, or this machine's share.
  func threads(_ given: Int?, as rank: TrainingRank?) -> Int? {
    guard given == nil, let rank, rank.place.agent != nil else { return given }
    return max(1, MachineShare.current.processors / rank.place.size)
  }

  /// This process's place among several; nil where it is alone.
  ///
  /// - Throws: `ValidationError` for a number of processes that is not the launcher's.
  private func place() throws -> LaunchEnvironment? {
    guard let place = try LaunchEnvironment.read() else { return nil }
    // Our own sentence says what the library would tell with a stack of its calls.
    setenv("TORCH_CPP_LOG_LEVEL", "FATAL", 0)
    guard place.agent == nil || place.agent == getppid() else {
      throw ExitCode(Self.lostExitCode)
    }
    if place.agent == nil, let processes, processes != place.size {
      throw ValidationError(
        "--processes \(processes) inside a launcher's \(place.size) processes; leave it out.")
    }
    return place
  }

  /// Joins the other processes.
  ///
  /// - Throws: `TorchError` of kind `collective`; `ExitCode` where the first rank, or the process that
  ///   started it, says why.
  private func rank(at place: LaunchEnvironment) throws -> TrainingRank {
    do {
      return try TrainingRank(place, timeout: .seconds(processTimeout ?? 300))
    } catch let error as TorchError where error.kind == .collective {
      guard place.agent != nil, place.rank > 0 else { throw error }
      throw ExitCode(Self.lostExitCode)
    }
  }
}

/// Refuses files that only one process can read, such as a pipe.
///
/// - Throws: `ValidationError` that names `option`.
func requireFiles(_ paths: [String?], for option: String) throws {
  for path in paths.compactMap(\.self) {
    var status = stat()
    // A path that does not exist has an error that says so, later.
    guard path == "-" || stat(path, &status) == 0 else { continue }
    guard path != "-", [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else {
      throw ValidationError("\(path) can be read only once; \(option) needs a file or a folder.")
    }
  }
}
