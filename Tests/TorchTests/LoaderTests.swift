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

  @Test func `throws without a library wherever it can`() async {
    await #expect(processExitsWith: .success) {
      setenv("DECANT_TORCH_LIBRARY", "/nowhere/libctorch.so", 1)
      let folder = try TemporaryFolder()
      let file = folder.file("weights.safetensors")
      let header = Array(#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#.utf8)
      try Data([UInt8(header.count), 0, 0, 0, 0, 0, 0, 0] + header + [0, 0, 0, 0])
        .write(to: URL(filePath: file))
      let entries: [() throws -> Void] = [
        { _ = try checked { Tensor([1.0]) }.sum() },
        { _ = try checked { Tensor.normal([2, 2], generator: Generator(seed: 0)) } },
        { _ = try SafetensorsFile(path: file).tensors() },
        { _ = try Generator(seed: 0, device: .cpu) },
        { try Runtime.loadCUDA() },
      ]
      for (number, entry) in entries.enumerated() {
        let error = #expect(throws: TorchError.self, "\(number)") { try entry() }
        #expect(error?.kind == .library, "\(number)")
        #expect(error?.message.contains("swift package decant-setup") == true, "\(number)")
      }
    }
  }

  @Test func `traps on a tensor without a library, and names the throwing call`() async throws {
    let results = [
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        setenv("DECANT_TORCH_LIBRARY", "/nowhere/libctorch.so", 1)
        _ = Tensor([1.0])
      },
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        setenv("DECANT_TORCH_LIBRARY", "/nowhere/libctorch.so", 1)
        _ = Generator(seed: 0)
      },
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        setenv("DECANT_TORCH_LIBRARY", "/nowhere/libctorch.so", 1)
        _ = Tensor.zeros([1])
      },
    ]
    for result in results {
      let errors = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
      let line = errors.split(separator: "\n").first { $0.contains("Fatal error") } ?? ""
      #expect(line.contains("swift package decant-setup"), "\(errors)")
      #expect(line.contains("Runtime.load() throws this"), "\(errors)")
    }
  }
}
