import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite struct MappedFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func bytes(_ file: MappedFile) -> [UInt8] { file.withBytes { Array($0) } }

  @Test(arguments: [0, 1, 70_000, 300_001])
  func `reads a pipe to its end`(length: Int) throws {
    let content = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let path = folder.file("pipe")
    mkfifo(path, 0o600)
    let writer = Thread {
      let descriptor = open(path, O_WRONLY)
      content.withUnsafeBytes { all in
        var rest = all[...]
        while !rest.isEmpty {
          rest = rest.dropFirst(
            max(
              0, write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)))
        }
      }
      close(descriptor)
    }
    writer.start()
    let file = try MappedFile(path: path)
    #expect(bytes(file) == content)
    try file.checkUnchanged()
  }

  @Test func `reads devices and files without a size`() throws {
    #expect(bytes(try MappedFile(path: "/dev/null")) == [])
    #expect(bytes(try MappedFile(path: "/proc/self/cmdline")).count > 0)
  }

  @Test func `a copy ignores later changes of the file`() throws {
    let path = try folder.write("before", to: "file")
    let file = try MappedFile(path: path)
    try folder.write("afterwards", to: "file")
    truncate(path, 0)
    // A copy has nowhere to take pages from again.
    file.releasePages()
    #expect(bytes(file) == Array("before".utf8))
    try file.checkUnchanged()
  }

  @Test func `detects changes of a mapped file, not its replacement`() throws {
    let path = try folder.write("before", to: "file")
    let replaced = try MappedFile(path: path, copyingUpTo: 0)
    try writeAtomically("after", to: path)
    #expect(bytes(replaced) == Array("before".utf8))
    try replaced.checkUnchanged()

    let file = try MappedFile(path: path, copyingUpTo: 0)
    try file.checkUnchanged()
    // Two changes within one tick of the clock look alike.
    usleep(20_000)
    let descriptor = open(path, O_WRONLY)
    _ = "A".withCString { write(descriptor, $0, 1) }
    close(descriptor)
    let error = #expect(throws: InputError.self) { try file.checkUnchanged() }
    #expect(error?.file == path)
    #expect(throws: InputError.self) { try MappedFile.checkAll() }
  }

  @Test func `decodes a changed literal within bounds`() {
    var random = SplitMix64(3)
    let pieces = ["\\", "\\u", "\\u00e9", "\\ud83d", "\\ude00", "\\n", "x", "é", "\u{1F600}"]
    for _ in 0..<2000 {
      let text = (0..<8).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }
      let bytes = Array(text.joined().utf8)
      bytes.withUnsafeBytes { bytes in
        for end in 0...bytes.count {
          let literal = JSONString(content: 0..<end, hasEscapes: true, isNormalized: true)
          #expect(literal.withUTF8(in: bytes) { $0.count } <= end)
          _ = literal.decoded(from: bytes)
        }
      }
    }
  }

  @Test func `splits paths into folder and name`() {
    let cases = [
      ("i", ".", "i"), ("/i", "/", "i"), ("a/b", "a", "b"), ("a//b/", "a", "b"), ("/", "/", ""),
      ("", ".", ""), ("../x", "..", "x"), ("a/\u{301}b", "a", "\u{301}b"),
    ]
    for (path, folder, name) in cases {
      #expect(path.parentFolder == folder, "\(path)")
      #expect(path.lastPathName == name, "\(path)")
    }
  }
}
