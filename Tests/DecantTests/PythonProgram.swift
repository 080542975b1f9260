import Foundation
import TestSupport
import Testing

/// The Python that checks what Decant writes for it: `DECANT_PYTHON`, or `python3` of the path.
enum PythonProgram {
  static let path = ProcessInfo.processInfo.environment["DECANT_PYTHON"] ?? "python3"

  /// Whether these packages are there; tests that need them are skipped where they are not.
  static func has(_ packages: String...) -> Bool {
    do {
      return try run(["-c", "import \(packages.joined(separator: ", "))"]).code == 0
    } catch {
      return false
    }
  }

  /// Runs Python to its end.
  static func run(_ arguments: [String]) throws -> DecantProgram.Outcome {
    try DecantProcess(arguments, program: path).wait()
  }

  /// Runs Python and expects it to end well.
  static func succeed(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation)
    throws -> DecantProgram.Outcome
  {
    let outcome = try run(arguments)
    #expect(outcome.code == 0, "\(outcome.messages)", sourceLocation: sourceLocation)
    return outcome
  }

  /// The folder of the package.
  static let repository = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
}
