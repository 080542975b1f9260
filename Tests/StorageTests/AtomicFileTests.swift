import Foundation
import Storage
import TestSupport
import Testing

/// Outputs that are not plain files, or not there yet.
@Suite struct AtomicFileTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func kind(_ name: String) -> mode_t? {
    var status = stat()
    return lstat(folder.file(name), &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  private func mode(_ name: String) -> mode_t? {
    var status = stat()
    return stat(folder.file(name), &status) == 0 ? status.st_mode & 0o7777 : nil
  }

  @Test func `follows a link and replaces its target`() throws {
    mkdir(folder.file("elsewhere"), 0o755)
    try folder.write("old", to: "elsewhere/target")
    symlink("elsewhere/target", folder.file("link"))
    symlink("link", folder.file("link to link"))
    try writeAtomically("new", to: folder.file("link to link"))
    #expect(kind("link") == S_IFLNK && kind("link to link") == S_IFLNK)
    #expect(try folder.text("elsewhere/target") == "new")
    #expect(try folder.names() == ["elsewhere", "link", "link to link"])
    #expect(try names(in: folder.file("elsewhere")) == ["target"])
  }

  @Test func `a dangling link creates its target, a cycle throws`() throws {
    symlink("made", folder.file("link"))
    try writeAtomically("new", to: folder.file("link"))
    #expect(kind("link") == S_IFLNK)
    #expect(try folder.text("made") == "new")
    symlink("b", folder.file("a"))
    symlink("a", folder.file("b"))
    #expect(throws: FileError(path: folder.file("a"), action: "write", code: ELOOP)) {
      try writeAtomically("new", to: folder.file("a"))
    }
  }

  @Test func `rejects folders and names with a trailing slash`() throws {
    mkdir(folder.file("inner"), 0o755)
    for name in ["inner", "inner/", "none/"] {
      #expect(throws: FileError(path: folder.file(name), action: "write", code: EISDIR)) {
        try writeAtomically("text", to: folder.file(name))
      }
    }
    #expect(throws: FileError(path: "", action: "write", code: ENOENT)) {
      try writeAtomically("text", to: "")
    }
    #expect(try folder.names() == ["inner"])
  }

  @Test func `keeps mode and owner of the old file`() throws {
    try folder.write("old", to: "private")
    chmod(folder.file("private"), 0o640)
    let isRoot = geteuid() == 0
    if isRoot { chown(folder.file("private"), 1234, 2345) }
    try writeAtomically("new", to: folder.file("private"))
    #expect(mode("private") == 0o640)
    var status = stat()
    #expect(stat(folder.file("private"), &status) == 0)
    #expect(status.st_uid == (isRoot ? 1234 : geteuid()))
    #expect(!isRoot || status.st_gid == 2345)
  }

  @Test func `writes to a pipe without replacing it`() throws {
    let path = folder.file("pipe")
    mkfifo(path, 0o600)
    // Opened for both, so that neither end waits for the other.
    let reader = open(path, O_RDWR | O_NONBLOCK)
    defer { close(reader) }
    let file = try AtomicFile(path: path)
    try file.write("through")
    try file.commit()
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = read(reader, &bytes, bytes.count)
    #expect(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self) == "through")
    #expect(kind("pipe") == S_IFIFO)
    #expect(try folder.names() == ["pipe"])
  }

  @Test(.enabled(if: geteuid() == 0, "only root makes devices"))
  func `writes to a device without replacing it`() throws {
    // A private device: this must not be tried on the system's /dev/null.
    guard mknod(folder.file("sink"), S_IFCHR | 0o600, makedev(1, 3)) == 0,
      case let probe = open(folder.file("sink"), O_WRONLY), probe >= 0
    else { return }
    close(probe)
    try writeAtomically("gone", to: folder.file("sink"))
    #expect(kind("sink") == S_IFCHR)
    #expect(mknod(folder.file("full"), S_IFCHR | 0o600, makedev(1, 7)) == 0)
    #expect(throws: FileError(path: folder.file("full"), action: "write", code: ENOSPC)) {
      try writeAtomically("no room", to: folder.file("full"))
    }
    #expect(kind("full") == S_IFCHR)
    #expect(try folder.names() == ["full", "sink"])
  }

  @Test func `writes at the current offset of a descriptor`() throws {
    let descriptor = open(folder.file("log"), O_WRONLY | O_CREAT, 0o644)
    defer { close(descriptor) }
    _ = "before\n".withCString { write(descriptor, $0, 7) }
    for name in ["/dev/fd/\(descriptor)", "/proc/self/fd/\(descriptor)"] {
      try writeAtomically("text\n", to: name)
    }
    #expect(try folder.text("log") == "before\ntext\ntext\n")
    #expect(throws: FileError.self) { try writeAtomically("text", to: "/dev/fd/4000") }
  }

  @Test func `long names leave room for a draft`() throws {
    let name = String(repeating: "é", count: 125)
    try writeAtomically("text", to: folder.file(name))
    #expect(try folder.names() == [name])
  }

  @Test func `removes drafts of killed writers, not of running ones`() throws {
    try folder.write("litter", to: "a.partial-1-1")
    try folder.write("litter of an earlier version", to: "a.partial-1")
    try folder.write("no litter", to: "a.partial-notes")
    try folder.write("another's", to: "b.partial-1-1")
    let living = try AtomicFile(path: folder.file("a"))
    try living.write("slow")
    try writeAtomically("fast", to: folder.file("a"))
    #expect(try folder.names().count == 4)
    try living.commit()
    #expect(try folder.text("a") == "slow")
    #expect(try folder.names() == ["a", "a.partial-notes", "b.partial-1-1"])
    removeAbandonedDrafts(in: folder.path)
    #expect(try folder.names() == ["a", "a.partial-notes"])
  }
}

/// As `makedev(3)`, which is a macro.
private func makedev(_ major: dev_t, _ minor: dev_t) -> dev_t { major << 8 | minor }
