import Foundation
import Torch

/// The folder of data sets.
struct DataFolder {
  let path: String

  /// The path of a file.
  ///
  /// - Parameter origin: where it can be had.
  /// - Throws: `InputError` when it is missing, with what to put there.
  func file(_ name: String, origin: String) throws -> String {
    let file = path + "/" + name
    guard FileManager.default.fileExists(atPath: file) else {
      throw InputError(
        file: file, reason: "the experiment's data are not there",
        expected: "\(origin), under the folder that --data names")
    }
    return file
  }

  /// The text of a file that `xz` has packed.
  ///
  /// - Throws: `InputError` when it is missing, or when `xz` fails.
  func unpackedText(_ name: String, origin: String) throws -> String {
    let file = try file(name, origin: origin)
    return String(decoding: try Self.output(of: ["xz", "-dc", file], for: file), as: UTF8.self)
  }

  /// Unpacks the members of a tar archive that `patterns` name, has them read, and removes them.
  ///
  /// - Throws: `InputError` when the archive is missing, or when `tar` fails.
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
        expected: "the programs xz and tar, and a file that xz has packed")
    }
    return bytes
  }
}
