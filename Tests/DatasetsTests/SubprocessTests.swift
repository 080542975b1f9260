import Foundation
import Storage
import TestSupport
import Testing

@testable import Datasets

@Suite struct SubprocessTests {
  private func shell(_ script: String, in folder: String? = nil) throws -> Subprocess.Outcome {
    try Subprocess(path: "/bin/sh", arguments: ["-c", script], folder: folder).run()
  }

  @Test func `returns output, messages and exit status`() throws {
    let outcome = try shell("echo out; echo err >&2; exit 3")
    #expect(outcome.output.text == "out\n")
    #expect(outcome.messages == "err\n")
    #expect(outcome.status == 3)
    #expect(try shell("kill -9 $$").status == -9)
  }

  /// More than a pipe holds, on both outputs at once.
  @Test func `does not block on large output`() throws {
    let outcome = try shell("head -c 300000 /dev/zero >&2; head -c 400000 /dev/zero; cat")
    #expect(outcome.output.count == 400_000)
    #expect(outcome.messages.utf8.count == 300_000)
  }

  @Test func `runs in its folder under the C locale`() throws {
    let folder = try TemporaryFolder()
    let outcome = try shell("echo x > made; echo $LC_ALL", in: folder.path)
    #expect(outcome.output.text == "C\n")
    #expect(try folder.names() == ["made"])
  }

  @Test func `names a missing program`() throws {
    #expect(throws: FileError.self) {
      try Subprocess(path: "/no/such/program", arguments: []).run()
    }
    #expect(Subprocess.path(of: "no-such-program-anywhere") == nil)
    #expect(Subprocess.path(of: "sh") != nil)
  }
}
