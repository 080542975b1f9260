import ArgumentParser
import Torch

/// Refuses a number of threads that cannot be, and remarks on one that makes things slower.
func validateThreads(_ threads: Int?) throws {
  guard let threads else { return }
  guard threads >= 1 else {
    throw ValidationError("--threads is \(threads); it must be at least 1.")
  }
  noteThreads(threads)
}

/// Remarks on more threads than can run at once.
func noteThreads(_ threads: Int) {
  let share = MachineShare.current
  guard threads > share.processors else { return }
  StandardStreams.note(
    "\(threads) threads: this process may use \(counted(share.processors, "processor")) "
      + "(decant doctor says why), and more threads are slower")
}
