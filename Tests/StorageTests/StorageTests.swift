import Foundation
import Storage
import Testing

@Suite struct StorageTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "decant-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { do { try FileManager.default.removeItem(atPath: folder) } catch {} }
    try body(folder)
  }

  @Test func `nothing is visible before the commit`() throws {
    try withFolder { folder in
      let path = folder + "/a"
      try writeAtomically("old", to: path)
      let file = try AtomicFile(path: path)
      try file.write("new and longer")
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
      try file.commit()
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new and longer")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
    }
  }

  @Test func `an abandoned file leaves no trace`() throws {
    try withFolder { folder in
      do {
        let file = try AtomicFile(path: folder + "/a")
        try file.write("half")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
    }
  }

  @Test func `two writers of one file do not mix`() throws {
    try withFolder { folder in
      let path = folder + "/a"
      let first = try AtomicFile(path: path)
      try first.write("first")
      let second = try AtomicFile(path: path)
      try second.write("2")
      try first.commit()
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "first")
      try second.commit()
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "2")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
    }
  }

  @Test func `large and small writes keep their order`() throws {
    try withFolder { folder in
      let path = folder + "/big"
      let file = try AtomicFile(path: path)
      var expected: [UInt8] = []
      for (index, size) in [3, 1 << 20, 1, (1 << 20) + 7, 5].enumerated() {
        let part = [UInt8](repeating: UInt8(index + 1), count: size)
        try part.withUnsafeBytes { try file.write($0) }
        expected += part
      }
      try file.commit()
      #expect(try MappedFile(path: path).withBytes { Array($0) } == expected)
    }
  }

  @Test func `mapped arrays stay inside the file`() throws {
    try withFolder { folder in
      let path = folder + "/numbers"
      try [Int32](0..<10).withUnsafeBytes { try writeAtomically($0, to: path) }
      let file = try MappedFile(path: path)
      let all = try MappedArray<Int32>(file, byteOffset: 0, count: 10)
      #expect(all == MappedArray(0..<10))
      #expect(Array(all.rows(2..<5)) == [2, 3, 4])
      #expect(throws: InputError.self) { try MappedArray<Int32>(file, byteOffset: 0, count: 11) }
      #expect(throws: InputError.self) { try MappedArray<Int32>(file, byteOffset: 2, count: 1) }
      #expect(throws: InputError.self) { try MappedArray<Int32>(file, byteOffset: -4, count: 1) }
      #expect(throws: InputError.self) { try MappedArray<Int32>(file, byteOffset: 44, count: 0) }
      #expect(throws: InputError.self) {
        try MappedArray<Int64>(file, byteOffset: 0, count: Int.max)
      }
    }
  }

  @Test func `names missing files and folders`() throws {
    try withFolder { folder in
      #expect(throws: FileError(path: folder + "/none", action: "open", code: ENOENT)) {
        try MappedFile(path: folder + "/none")
      }
      #expect(throws: FileError.self) { try MappedFile(path: folder) }
      #expect(throws: FileError.self) { try AtomicFile(path: folder + "/none/a") }
    }
  }

  @Test func `an empty file maps to zero bytes`() throws {
    try withFolder { folder in
      try writeAtomically("", to: folder + "/empty")
      #expect(try MappedFile(path: folder + "/empty").withBytes { $0.isEmpty })
    }
  }
}
