import CFiles
import Foundation
import Synchronization

/// Process-wide handling of file faults, for programs, which call `install`; not for libraries.
public enum FileGuard {
  private static let isInstalled = Atomic(false)

  /// Turns every file fault into an error with a name and an exit code.
  ///
  /// - A mapped file that is truncated ends the program with code 74 and a line that names the
  ///   file, instead of a SIGBUS without a message.
  /// - A file larger than the shell's limit (`ulimit -f`) is a `FileError`, not a SIGXFSZ.
  /// - No result is published if an input file was changed in the meantime: see `checkInputs`,
  ///   which `AtomicFile` and `AtomicFolder` call before they rename.
  ///
  /// - Parameter program: the name that begins the message.
  public static func install(program: String) {
    cf_report_lost_pages(program)
    signal(SIGXFSZ, SIG_IGN)
    isInstalled.store(true, ordering: .relaxed)
  }

  /// Throws if a mapped file in use has been modified since it was opened.
  ///
  /// Call it after computing a result and before publishing it: if it passes, the result was
  /// computed from the files as they were when opened. Costs one system call per mapped file, and
  /// nothing if `install` was not called.
  ///
  /// - Throws: `InputError` that names the file.
  public static func checkInputs() throws {
    guard isInstalled.load(ordering: .relaxed) else { return }
    try MappedFile.checkAll()
  }
}
