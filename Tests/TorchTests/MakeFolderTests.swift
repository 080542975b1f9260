import Foundation
import TestSupport
import Testing

@testable import Torch

@Suite struct MakeFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func makesAllOnTheWayAndLeavesWhatIsThere() throws {
    for _ in 0..<2 { try makeFolder(folder.file("a/b/c")) }
    #expect(try folder.names() == ["a"])
    try makeFolder(folder.file("a/b/c/"))
    try makeFolder("/")
  }

  @Test func theSystemsOwnReasonIsGiven() throws {
    try folder.write("text", to: "file")
    for path in ["file", "file/below"] {
      let error = try #require(throws: FileError.self) { try makeFolder(folder.file(path)) }
      #expect(error.code == ENOTDIR && error.path == folder.file(path), "\(error)")
    }
    // A folder of the kernel's that nobody may make others in.
    let error = try #require(throws: FileError.self) { try makeFolder("/proc/self/none") }
    #expect(error.code == ENOENT || error.code == EPERM || error.code == EACCES, "\(error)")
  }
}
