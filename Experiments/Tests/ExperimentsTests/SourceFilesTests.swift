import Foundation
import Storage
import Testing

@testable import Experiments

@Suite struct SourceFilesTests {
  private enum Loss: Dependent {
    static var uses: [Any.Type] { [Encoder<Int>.self, Loss.self] }
  }
  private struct Encoder<Element> {}

  private func withFiles(
    _ files: [String: String], _ body: (Repository) throws -> Void
  ) throws {
    let folder = NSTemporaryDirectory() + "experiments-\(UUID().uuidString)"
    defer {
      do { try FileManager.default.removeItem(atPath: folder) } catch { Issue.record(error) }
    }
    for (file, text) in files {
      let url = URL(fileURLWithPath: "\(folder)/\(file)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    try body(Repository(root: folder))
  }

  private let files = [
    "Experiments/Sources/Loss.swift": "enum Loss {}\n",
    "Sources/A/Encoder.swift": "public struct Encoder { var blocks: Blocks }\n// Heads\n",
    "Sources/A/Encoder+Reading.swift": "extension Encoder { let other: Other }\n",
    "Sources/B/Blocks.swift": "package struct Blocks {}\n",
    "Sources/B/Heads.swift": "package struct Heads {}\n",
    "Sources/B/Other.swift": "public struct Other {}\n",
  ]

  @Test func `a type's files are found in any folder, with internal types that they mention`()
    throws
  {
    try withFiles(files) { repository in
      let hashes = try SourceFiles(repository).hashes(of: Loss.self)
      #expect(
        hashes.keys.sorted() == [
          "Blocks.swift", "Encoder+Reading.swift", "Encoder.swift", "Loss.swift",
        ])
      #expect(hashes["Blocks.swift"] == repository.hash("Sources/B/Blocks.swift"))
    }
  }

  @Test func `a type without a file is refused`() throws {
    var files = files
    files["Sources/A/Encoder.swift"] = nil
    try withFiles(files) { repository in
      let error = #expect(throws: InputError.self) {
        try SourceFiles(repository).hashes(of: Loss.self)
      }
      let text = "\(try #require(error))"
      #expect(text.contains("the type Encoder has no file"))
    }
  }

  @Test func `a type with two files of its name is refused`() throws {
    var files = files
    files["Sources/B/Encoder.swift"] = "struct Encoder {}\n"
    try withFiles(files) { repository in
      let error = #expect(throws: InputError.self) {
        try SourceFiles(repository).hashes(of: Loss.self)
      }
      let text = "\(try #require(error))"
      #expect(text.contains("Sources/A/Encoder.swift, Sources/B/Encoder.swift"))
    }
  }
}
