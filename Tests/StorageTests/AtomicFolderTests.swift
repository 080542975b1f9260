import Foundation
import Storage
import TestSupport
import Testing

@Suite struct AtomicFolderTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `nothing is visible before the commit`() throws {
    let path = folder.file("deep/new")
    do {
      let target = try AtomicFolder(path: path)
      try writeAtomically("text", to: target.draft + "/file")
      #expect(!FileManager.default.fileExists(atPath: path))
    }
    #expect(try names(in: folder.file("deep")) == [])
    let target = try AtomicFolder(path: path + "/")
    try writeAtomically("text", to: target.draft + "/file")
    try target.commit(replacing: false)
    #expect(try names(in: folder.file("deep")) == ["new"])
    #expect(try names(in: path) == ["file"])
  }

  @Test func `replaces an old folder whole on request`() throws {
    mkdir(folder.file("old"), 0o755)
    try folder.write("old", to: "old/old")
    symlink("old", folder.file("link"))
    for name in ["old", "link"] {
      let target = try AtomicFolder(path: folder.file(name))
      try writeAtomically(name, to: target.draft + "/new")
      #expect(throws: FileError.self) { try target.commit(replacing: false) }
      try target.commit(replacing: true)
      #expect(try names(in: folder.file("old")) == ["new"])
    }
    #expect(try folder.text("old/new") == "link")
    #expect(try folder.names() == ["link", "old"])
  }

  @Test func `removes or restores leftovers of killed writers`() throws {
    for name in ["out.partial-1-1", "out.partial-1", "out.old-99999999", "other.old-99999999"] {
      mkdir(folder.file(name), 0o755)
      try folder.write("text", to: name + "/file")
    }
    // Killed between the two steps: the old folder has no name.
    let living = try AtomicFolder(path: folder.file("out"))
    #expect(try names(in: folder.file("out")) == ["file"])
    _ = try AtomicFolder(path: folder.file("out"))
    #expect(FileManager.default.fileExists(atPath: living.draft))
    try living.commit(replacing: true)
    #expect(try folder.names() == ["other.old-99999999", "out"])
  }

  @Test func `a scratch folder is private and deleted with its object`() throws {
    let name = "decant-test-scratch-\(UUID().uuidString)"
    var scratch: ScratchFolder? = try ScratchFolder(name)
    let path = try #require(scratch?.path)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
    try writeAtomically("text", to: path + "/file")
    scratch = nil
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func `reports why a folder cannot be created`() throws {
    try folder.write("text", to: "file")
    #expect(throws: FileError(path: folder.file("file"), action: "create the folder", code: EEXIST))
    {
      try makeFolder(folder.file("file"))
    }
    #expect(
      throws: FileError(path: folder.file("file/in"), action: "create the folder", code: ENOTDIR)
    ) {
      try makeFolder(folder.file("file/in"))
    }
    try makeFolder(folder.file("one/two/"))
    try makeFolder(folder.file("one/two"))
    #expect(try names(in: folder.file("one")) == ["two"])
  }
}
