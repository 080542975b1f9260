import Foundation
import Testing

/// Rules of the sources that no compiler knows.
@Suite struct SourceTests {
  /// Keys from files and requests come twice, and then `Dictionary(uniqueKeysWithValues:)` traps.
  ///
  /// Keys that differ as bytes can be equal as strings, too. One place has keys that nobody sends.
  @Test func `no dictionary initializer traps on duplicate keys`() throws {
    var found: [String] = []
    var count = 0
    for folder in ["Sources", "Service/Sources"] {
      let sources = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../\(folder)").standardizedFileURL
      let files = try #require(
        FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
      for case let file as URL in files where file.pathExtension == "swift" {
        count += 1
        if try String(contentsOf: file, encoding: .utf8).contains("uniqueKeysWithValues") {
          found.append(file.lastPathComponent)
        }
      }
    }
    #expect(count > 100)
    #expect(found == ["SphericalOutputLayer.swift"])
  }
}
