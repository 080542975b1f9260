import Foundation
import TestSupport
import Testing
import Torch

@Suite struct InstallTests {
  private let folder: TemporaryFolder
  private let prefix: String

  init() throws {
    folder = try TemporaryFolder()
    prefix = folder.file("prefix")
  }

  /// Where the library is that these tests run with.
  private static let library: String? = Runtime.libraryCandidates.first {
    FileManager.default.isReadableFile(atPath: $0)
  }

  private func install(_ options: [String: String] = [:]) throws -> DecantProgram.Outcome {
    let script = PythonProgram.repository.appending(path: "Scripts/install").path
    let build = URL(filePath: DecantProgram.path).deletingLastPathComponent().path
    return try DecantProcess(
      ["--link", prefix], program: script,
      environment: ["DECANT_BUILD": build, "DECANT_TORCH_LIBRARY": Self.library ?? ""]
        .merging(options) { $1 }
    ).wait()
  }

  @Test(
    .enabled("needs python3 and the interface library") {
      library != nil && PythonProgram.has("json")
    })
  func `an installed program runs without the build folder`() throws {
    try folder.write("#!/bin/sh\necho \"$@\"\n", to: "decant-serve")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.file("decant-serve"))
    let outcome = try install(["DECANT_SERVICE_BUILD": folder.path])
    #expect(outcome.code == 0, "\(outcome.messages)")
    // As if the folder that it was built in were gone: nothing points there any more.
    let program = "\(prefix)/bin/decant"
    let doctor = try DecantProcess(
      ["doctor", "--json"], program: program,
      environment: ["DECANT_TORCH_LIBRARY": "", "HOME": folder.path]
    ).wait()
    #expect(doctor.code == 0, "\(doctor.messages)")
    for name in ["libctorch.so", "libsearch.so", "libonnxruntime.so"] {
      #expect(doctor.output.contains("\(prefix)/lib/decant/\(name)"), "\(doctor.output)")
    }
    let service = try DecantProcess(["serve", "run"], program: program).wait()
    #expect(service.output == "run\n", "\(service.messages)")

    let manual = try String(contentsOfFile: "\(prefix)/share/man/man1/decant.1", encoding: .utf8)
    for command in ["train", "predict", "embed", "export", "new", "doctor"] {
      #expect(manual.contains(".SS decant \(command)\n"), "\(command)")
    }
    #expect(manual.contains("\\fB\\-\\-checkpoint\\-interval\\fR \\fIinterval\\fR"))
    #expect(manual.contains("\\fB\\-\\-maximum\\-feedback\\-text\\fR"))
    #expect(manual.utf8.allSatisfy { $0 < 0x80 })
    for (file, word) in [
      ("bash-completion/completions/decant", "complete"),
      ("zsh/site-functions/_decant", "#compdef"),
      ("fish/vendor_completions.d/decant.fish", "complete -c 'decant'"),
    ] {
      let script = try String(contentsOfFile: "\(prefix)/share/\(file)", encoding: .utf8)
      #expect(script.contains(word) && script.contains("checkpoint-interval"), "\(file)")
    }
    let bash = try DecantProcess(
      ["-n", "\(prefix)/share/bash-completion/completions/decant"], program: "bash"
    ).wait()
    #expect(bash.code == 0, "\(bash.messages)")
  }

  @Test func `names a missing build`() throws {
    let outcome = try install(["DECANT_BUILD": folder.file("none")])
    #expect(outcome.code == 1)
    #expect(outcome.messages.contains("make build"), "\(outcome.messages)")
    let other = try install(["DECANT_TORCH_LIBRARY": folder.file("none.so")])
    #expect(other.messages.contains("Scripts/setup"), "\(other.messages)")
    #expect(!FileManager.default.fileExists(atPath: prefix))
  }

  @Test func `looks for the library next to the program first`() async {
    await #expect(processExitsWith: .success) {
      unsetenv("DECANT_TORCH_LIBRARY")
      let candidates = Runtime.libraryCandidates
      #expect(candidates.count == 3)
      #expect(candidates.first?.hasSuffix("/lib/decant/libctorch.so") == true)
      unsetenv("XDG_CACHE_HOME")
      #expect(
        Runtime.libraryCandidates.last?.hasSuffix("/.cache/decant/libctorch.so") == true)
      setenv("XDG_CACHE_HOME", "/elsewhere", 1)
      #expect(Runtime.libraryCandidates.last == "/elsewhere/decant/libctorch.so")
      // The specification of these folders says to ignore a relative path.
      setenv("XDG_CACHE_HOME", "here", 1)
      #expect(
        Runtime.libraryCandidates.last?.hasSuffix("/.cache/decant/libctorch.so") == true)
      setenv("DECANT_TORCH_LIBRARY", "/a.so", 1)
      #expect(Runtime.libraryCandidates == ["/a.so"])
    }
  }
}
