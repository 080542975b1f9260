import Datasets
import Foundation
import Storage

/// A configuration file that people write: JSON with comments, in which every key is optional.
///
/// `SettingsFile.template(dataset:data:)` writes one with all keys.
public struct SettingsFile {
  /// The settings, with defaults for the keys that the file leaves out.
  public let configuration: TrainingConfiguration
  /// The same before the defaults that depend on other settings are filled in.
  package let draft: SettingsDraft

  /// Reads a file.
  ///
  /// Relative paths in it start at the file's folder.
  ///
  /// - Throws: `FileError`; `InputError` with line and column for an unknown key (and the nearest
  ///   known one), or a value of another kind or out of range.
  public init(contentsOf path: String) throws {
    let text = try MappedFile(path: path).withBytes { String(validating: $0, as: UTF8.self) }
    guard let text else { throw InputError(file: path, reason: "the file is not UTF-8") }
    let file = try JSONText(text, file: path, isLenient: true)
    var draft = SettingsDraft()
    do {
      try draft.read(file.root)
    } catch {
      throw file.error(at: error.position, error.reason, expected: error.expected)
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    for setting in Setting.all where setting.kind.isPath {
      guard case .string(let name) = draft.values[setting.path], !name.isEmpty else { continue }
      draft.values[setting.path] = .string(
        URL(fileURLWithPath: name, relativeTo: folder).standardizedFileURL.path)
    }
    for list in ["teacher.runs", "data.more"] {
      guard case .array(let paths) = draft.values[list] else { continue }
      draft.values[list] = .array(
        paths.map { path in
          guard case .string(let name) = path.value else { return path }
          let file = URL(fileURLWithPath: name, relativeTo: folder)
          return .init(.string(file.standardizedFileURL.path))
        })
    }
    if draft.values["transformer.checkpoint"] == .string("") {
      let element = file.root.value.members.first { $0.name == "transformer" }?.element
      throw file.error(
        at: element?.position ?? 0, "the transformer has no checkpoint",
        expected: "transformer.checkpoint, the folder of a pretrained encoder")
    }
    self.draft = draft
    configuration = try draft.completed()
    _ = try attributingErrors(to: path) { try configuration.features.validated() }
  }

  /// The text of a settings file with all settings of a configuration but the number of threads,
  /// which depends on the machine.
  public static func text(of configuration: TrainingConfiguration) throws -> String {
    let text = String(decoding: try JSONEncoder.readable.encode(configuration), as: UTF8.self)
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("  \"threads\"") }
    return lines.joined(separator: "\n").replacing(",\n}", with: "\n}") + "\n"
  }
}
