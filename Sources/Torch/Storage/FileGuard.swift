import CTorch
import Foundation
import Synchronization

/// What a program promises about its files, as opposed to a library: the program calls `install`.
public enum FileGuard {
  private static let isInstalled = Atomic(false)

  /// Makes every fault of a file an error with a name and a code.
  ///
  /// - A mapped file that is shortened ends the program with code 74 and a line that names the file,
  ///   where the system would end it by SIGBUS without a word.
  /// - A file larger than the shell's limit (`ulimit -f`) is a `FileError`, not the end by SIGXFSZ.
  /// - No result leaves that was computed from a file which was changed meanwhile: see
  ///   `checkInputs`, which `AtomicFile` and `AtomicFolder` call before they give a name.
  ///
  /// - Parameter program: what the line begins with.
  public static func install(program: String) {
    ct_report_lost_pages(program)
    signal(SIGXFSZ, SIG_IGN)
    isInstalled.store(true, ordering: .relaxed)
  }

  /// Refuses to go on when a mapped file in use was written to since it was opened.
  ///
  /// To be called when a result is computed and before it is given out: what passes was computed
  /// from the files as they were when they were opened. Costs a system call for each mapped file;
  /// nothing where `install` was not called.
  ///
  /// - Throws: `InputError` that names the file.
  public static func checkInputs() throws {
    guard isInstalled.load(ordering: .relaxed) else { return }
    try MappedFile.checkAll()
  }
}
