import ArgumentParser
import Foundation
import Models
import Storage
import Torch
import Training

/// The options of a training in several processes.
struct ProcessOptions: ParsableArguments {
  /// The exit code of a process that has lost the others: try again later, as in sysexits.h.
  static let lostExitCode: Int32 = 75

  @Option(
    help: ArgumentHelp(
      """
      Train in this many processes of this machine, each with its part of the labels and features. \
      Launchers such as torchrun and Slurm start the processes themselves.
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

  /// This process's place among several; nil where it is alone.
  ///
  /// - Throws: `ValidationError` for a number of processes that is not the launcher's.
  func place() throws -> LaunchEnvironment? {
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
  func rank(at place: LaunchEnvironment) throws -> TrainingRank {
    do {
      return try TrainingRank(place, timeout: .seconds(processTimeout ?? 300))
    } catch let error as TorchError where error.kind == .collective {
      guard place.agent != nil, place.rank > 0 else { throw error }
      throw ExitCode(Self.lostExitCode)
    }
  }

  /// The agent of `--processes`; nil for one process.
  func agent(quiet: Bool) -> RankAgent? {
    guard let processes, processes > 1 else { return nil }
    return RankAgent(
      size: processes, restarts: restarts ?? 0,
      arguments: Array(CommandLine.arguments.dropFirst())
    ) { if !quiet { StandardStreams.note($0) } }
  }
}
