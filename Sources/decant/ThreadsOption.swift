import ArgumentParser
import Foundation
import Storage

/// `--threads` of the commands that open a model.
struct ThreadsOption: ParsableArguments {
  @Option(
    name: .customLong("threads"),
    help: ArgumentHelp(
      "Threads to compute with (default: as many as in training).", visibility: .rare))
  var count: Int?

  func validate() throws {
    try require([("threads", count, 1)])
    if let count, !ProcessOptions.isStarted { noteThreads(count) }
  }
}

/// Notes more threads than can run at once.
func noteThreads(_ threads: Int) {
  let share = MachineShare.current
  guard threads > share.processors else { return }
  StandardStreams.note(
    "\(threads) threads: this process may use \(counted(share.processors, "processor")) "
      + "(decant doctor says why); more threads are slower")
}

/// Refuses the first option with a value below its minimum.
func require(_ options: [(name: String, value: Int?, minimum: Int)]) throws {
  for option in options {
    if let value = option.value, value < option.minimum {
      throw ValidationError("--\(option.name) is \(value); it must be at least \(option.minimum).")
    }
  }
}

/// The absolute form of a path on the command line; `-` stays, as it is standard input.
func absolutePath(_ path: String) -> String {
  path == "-" ? path : URL(fileURLWithPath: path).standardizedFileURL.path
}
