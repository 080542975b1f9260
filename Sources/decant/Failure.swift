import ArgumentParser
import Datasets
import Foundation
import Models
import Retrieval
import Storage
import Torch
import Training

/// Runs the body of a command.
///
/// An error is printed to standard error in one sentence; its kind sets the exit code. The argument
/// parser would add the usage of `decant` itself to an error of wrong usage that shows only here.
func reporting(_ body: () throws -> Void) throws {
  StandardStreams.occupy()
  FileGuard.install(program: "decant")
  do {
    try body()
  } catch let code as ExitCode {
    // The message is printed already.
    throw code
  } catch let error as ValidationError {
    StandardStreams.note("decant: \(error.message)")
    throw ExitCode.validationFailure
  } catch {
    StandardStreams.note("decant: \(error)")
    throw exitCode(of: error)
  }
}

/// The codes of sysexits.h, or the shell's code for a process ended by a signal.
private func exitCode(of error: any Error) -> ExitCode {
  switch error {
  case is InputError, is ValueError: ExitCode(65)
  case is FileError, is DebianUnavailable: ExitCode(74)
  case let error as TorchError where error.kind == .library: ExitCode(74)
  case let error as TorchError where error.kind == .collective:
    ExitCode(ProcessOptions.lostExitCode)
  case let error as SearchError where error.isMissingLibrary: ExitCode(74)
  case let error as ONNXRuntimeError where error.isMissingLibrary: ExitCode(74)
  case TrainingError.modelIsTooLarge: ExitCode(64)
  // The settings do not suit the data.
  case TrainingError.lossIsNotFinite, TrainingError.weightIsNotFinite,
    TrainingError.scoresAreNotFinite:
    ExitCode(65)
  case TrainingError.interrupted, TrainingError.interruptedWhilePreparing,
    TrainingError.interruptedInFold, TrainingError.interruptedInPilot,
    TrainingError.interruptedInCalibration, TrainingError.interruptedInSearch:
    ExitCode(Interruption.exitCode)
  default: ExitCode(70)
  }
}
