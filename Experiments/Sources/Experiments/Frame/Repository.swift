import Foundation
import Storage

/// The repository, whose root all paths are relative to.
struct Repository {
  let root: String

  /// Finds the folder with `Experiments/Package.swift`, here or in a parent folder.
  ///
  /// - Throws: `InputError` if there is none.
  init() throws {
    var folder = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    while folder.path != "/" {
      if FileManager.default.fileExists(atPath: folder.path + "/Experiments/Package.swift") {
        root = folder.path
        return
      }
      folder = folder.deletingLastPathComponent()
    }
    throw InputError(
      file: FileManager.default.currentDirectoryPath, reason: "not inside Decant's repository",
      expected: "a folder with Experiments/Package.swift, here or above")
  }

  /// Uses a given folder as the root.
  init(root: String) { self.root = root }

  func path(_ name: String) -> String { root + "/" + name }

  /// The path of a stored result, relative to the root.
  func resultPath(_ name: String) -> String { "Experiments/results/\(name).json" }

  /// The FNV-1a hash of a file's code in hexadecimal; "missing" if the file does not exist.
  ///
  /// Comments, imports, access levels, empty lines, indentation, an experiment's verdict and its list
  /// of types are ignored, because no value of a run depends on them.
  func hash(_ name: String) -> String {
    guard let bytes = FileManager.default.contents(atPath: path(name)) else { return "missing" }
    var isVerdict = false
    var list: Int?
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { line in
      if line.hasPrefix("  static func verdict(") { isVerdict = true }
      let indentation = line.prefix { $0 == " " }.count
      if let begun = list, indentation > begun || ["]", "}"].contains(line.dropFirst(begun)) {
        return false
      }
      list =
        line.firstMatch(of: /^ *(static )?(let|var) (uses|sources|\w+Sources)\b/) == nil
        ? nil : indentation
      if list != nil { return false }
      defer { if line == "  }" { isVerdict = false } }
      return !isVerdict
    }
    let code = lines.map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { line in
        !line.isEmpty && !line.hasPrefix("//")
          && line.firstMatch(of: #/^((public|package|internal|@_exported) )*import /#) == nil
      }
      .map { $0.replacing(#/\b(public|package|internal|fileprivate|private) /#, with: "") }
      .joined(separator: "\n")
    let hash = code.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The stored result of an experiment, if there is one.
  ///
  /// - Throws: `InputError` if the file is damaged.
  func record(of experiment: any Experiment.Type) throws -> ExperimentRecord? {
    let name = resultPath(experiment.name)
    guard let bytes = FileManager.default.contents(atPath: path(name)) else { return nil }
    do {
      return try JSONDecoder().decode(ExperimentRecord.self, from: bytes)
    } catch {
      throw InputError(file: name, reason: "\(error)", expected: "what `experiment run` writes")
    }
  }

  /// Stores a result.
  func store(_ record: ExperimentRecord) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = String(decoding: try encoder.encode(record), as: UTF8.self)
    // One run per line, for readable diffs.
    text = text.replacingOccurrences(of: "{\"arm\":", with: "\n{\"arm\":")
    let name = path(resultPath(record.name))
    try FileManager.default.createDirectory(
      atPath: (name as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try writeAtomically(text + "\n", to: name)
  }
}
