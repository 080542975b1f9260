import Foundation
import TestSupport
import Testing

/// A share of what `decant-fuzz` runs: every reader meets damaged files.
@Suite struct FuzzTests {
  @Test func `no reader crashes on damaged files`() throws {
    let program = Bundle.main.bundleURL.appending(path: "decant-fuzz").path
    let outcome = try DecantProcess(["--cases", "3000", "--seconds", "20"], program: program).wait()
    #expect(outcome.code == 0, "\(outcome.output)\(outcome.messages)")
  }
}
