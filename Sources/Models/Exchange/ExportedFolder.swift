import Foundation
import Storage
import Torch

/// A folder of an exported model, which appears once all its files are written.
struct ExportedFolder {
  private let folder: AtomicFolder

  /// - Throws: `InputError` if there are files already; `FileError`.
  init(path: String) throws {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
      try !isFolder.boolValue || !FileManager.default.contentsOfDirectory(atPath: path).isEmpty
    {
      throw InputError(
        file: path, reason: isFolder.boolValue ? "the folder has files" : "this is a file",
        expected: "a new folder for the exported model")
    }
    folder = try AtomicFolder(path: path)
  }

  func write(_ text: String, to name: String) throws {
    try writeAtomically(text, to: path(of: name))
  }

  func write(_ value: some Encodable, to name: String) throws {
    try write(
      String(decoding: try JSONEncoder.readable.encode(value), as: UTF8.self) + "\n", to: name)
  }

  func write(_ tensors: [String: Tensor], to name: String) throws {
    try Safetensors.write(
      tensors.mapValues { $0.detached() }, metadata: ["format": "pt"], to: path(of: name))
  }

  /// Copies those of some files that exist.
  func copy(_ names: [String], from source: String) throws {
    for name in names where FileManager.default.fileExists(atPath: "\(source)/\(name)") {
      try write(
        MappedFile(path: "\(source)/\(name)").withBytes { String(decoding: $0, as: UTF8.self) },
        to: name)
    }
  }

  /// Gives the folder its name.
  func commit() throws { try folder.commit(replacing: false) }

  private func path(of name: String) throws -> String {
    let path = "\(folder.draft)/\(name)"
    try makeFolder(path.parentFolder)
    return path
  }
}
