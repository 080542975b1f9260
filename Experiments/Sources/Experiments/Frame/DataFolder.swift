import Foundation
import Storage

/// The folder of data sets.
struct DataFolder {
  let path: String

  /// The path of a file.
  ///
  /// - Parameter origin: its download location.
  /// - Throws: `InputError` if it is missing, with the file to download.
  func file(_ name: String, origin: String) throws -> String {
    let file = path + "/" + name
    guard FileManager.default.fileExists(atPath: file) else {
      throw InputError(
        file: file, reason: "the experiment's data is missing",
        expected: "\(origin), in the folder given by --data")
    }
    return file
  }

  /// The text of an xz-compressed file.
  ///
  /// - Throws: `InputError` if it is missing, or if `xz` fails.
  func unpackedText(_ name: String, origin: String) throws -> String {
    let file = try file(name, origin: origin)
    return String(decoding: try Self.output(of: ["xz", "-dc", file], for: file), as: UTF8.self)
  }

  /// Unpacks the members of a tar archive matching `patterns`, reads them with the closure, and
  /// removes them.
  ///
  /// - Throws: `InputError` if the archive is missing, or if `tar` fails.
  func withUnpacked<Result>(
    _ name: String, matching patterns: [String], origin: String, _ body: (String) throws -> Result
  ) throws -> Result {
    let file = try file(name, origin: origin)
    let folder = NSTemporaryDirectory() + "decant-experiment-\(UUID().uuidString)"
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: false)
    let result: Result
    do {
      _ = try Self.output(
        of: ["tar", "-xf", file, "-C", folder, "--wildcards"] + patterns, for: file)
      result = try body(folder)
    } catch {
      try manager.removeItem(atPath: folder)
      throw error
    }
    try manager.removeItem(atPath: folder)
    return result
  }

  private static func output(of command: [String], for file: String) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw InputError(
        file: file, reason: "\(command[0]) ended with status \(process.terminationStatus)",
        expected: "the programs xz and tar, and an xz-compressed file")
    }
    return bytes
  }
}
