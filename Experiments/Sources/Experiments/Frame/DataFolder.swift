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
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["xz", "-dc", file]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw InputError(
        file: file, reason: "xz ended with status \(process.terminationStatus)",
        expected: "the program xz, and a file that it has packed")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
