import Foundation
import Torch

/// The folder that all paths start from.
struct Repository {
  let root: String

  /// Finds the folder with `Experiments/Package.swift`, here or above.
  ///
  /// - Throws: `InputError` when there is none.
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

  /// Takes a folder as it is.
  init(root: String) { self.root = root }

  func path(_ name: String) -> String { root + "/" + name }

  /// Where a result is kept, from the root.
  func resultPath(_ name: String) -> String { "Experiments/results/\(name).json" }

  /// The FNV-1a hash of a file's code in hexadecimal digits; "missing" where there is none.
  ///
  /// Comments, imports, empty lines, indentation and an experiment's verdict do not count: no value of
  /// a run depends on them.
  func hash(_ name: String) -> String {
    guard let bytes = FileManager.default.contents(atPath: path(name)) else { return "missing" }
    var isVerdict = false
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { line in
      if line.hasPrefix("  static func verdict(") { isVerdict = true }
      defer { if line == "  }" { isVerdict = false } }
      return !isVerdict
    }
    let code = lines.map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty && !$0.hasPrefix("//") && !$0.hasPrefix("import ") }
      .joined(separator: "\n")
    let hash = code.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The hashes of what makes an experiment's results.
  func sources(of experiment: any Experiment.Type) -> [String: String] {
    let file = experiment.file.split(separator: "/").last.map(String.init) ?? ""
    let own = "Experiments/Sources/Experiments/\(file)"
    return Dictionary(
      (experiment.sources + [own]).map { ($0, hash($0)) }, uniquingKeysWith: { first, _ in first })
  }

  /// The stored result of an experiment, if there is one.
  ///
  /// - Throws: `InputError` when the file is damaged.
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
    // A run a line, so that a change shows what changed.
    text = text.replacingOccurrences(of: "{\"arm\":", with: "\n{\"arm\":")
    let name = path(resultPath(record.name))
    try FileManager.default.createDirectory(
      atPath: (name as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try writeAtomically(text + "\n", to: name)
  }
}
