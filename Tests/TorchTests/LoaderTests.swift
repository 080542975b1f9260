import Foundation
import TestSupport
import Testing
import Torch

/// Errors if libtorch cannot be opened; each in a process that has not opened it yet.
@Suite struct LoaderTests {
  /// Looks for the interface library at `path` and expects `words` and the advice in the refusal.
  private static func expectRefusal(of path: String, _ words: String) {
    setenv("DECANT_TORCH_LIBRARY", path, 1)
    let error = #expect(throws: TorchError.self) { try Runtime.load() }
    #expect(error?.kind == .library)
    let message = error?.message ?? ""
    #expect(message.contains(words) && message.contains("run Scripts/setup"), "\(message)")
    // The second call gives the same error.
    let again = #expect(throws: TorchError.self) { try Generator(seed: 1, device: .cpu) }
    #expect(again == error)
  }

  @Test func `names a missing library`() async {
    await #expect(processExitsWith: .success) {
      Self.expectRefusal(of: "/nowhere/libctorch.so", "/nowhere/libctorch.so: cannot open")
    }
  }

  @Test func `names a file that is not a library`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      try "text".write(toFile: folder.file("lib.so"), atomically: false, encoding: .utf8)
      Self.expectRefusal(of: folder.file("lib.so"), "lib.so: file too short")
    }
  }

  @Test func `rejects a foreign library by name`() async {
    await #expect(processExitsWith: .success) {
      Self.expectRefusal(of: "libm.so.6", "libm.so.6 is not an interface to libtorch")
    }
  }

  @Test(
    .enabled("needs a C compiler") { FileManager.default.isExecutableFile(atPath: "/usr/bin/cc") })
  func `rejects a library of another version by name`() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let source = "int version = 1; int *ct_interface(void) { return &version; }"
      try source.write(toFile: folder.file("old.c"), atomically: false, encoding: .utf8)
      let compiler = try Process.run(
        URL(filePath: "/usr/bin/cc"),
        arguments: ["-shared", "-fPIC", "-o", folder.file("old.so"), folder.file("old.c")])
      compiler.waitUntilExit()
      Self.expectRefusal(of: folder.file("old.so"), "has interface version 1, this program needs")
    }
  }

  @Test func `traps on a tensor without a library`() async {
    await #expect(processExitsWith: .failure) {
      setenv("DECANT_TORCH_LIBRARY", "/nowhere/libctorch.so", 1)
      _ = Tensor([1.0])
    }
  }
}
