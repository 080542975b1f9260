import Foundation
import Models
import ServiceOptions
import Serving
import Storage

extension ServiceOptions {
  /// The runs with their names, models and stores.
  ///
  /// - Throws: `ValueError` if an option does not fit the runs.
  func servedRuns() throws -> [ServiceRun] {
    let named = runs.map { Self.named($0) { Self.isFolder($0) } }.map {
      (name: $0.name ?? $0.value.lastPathName, folder: $0.value)
    }
    let names = named.map(\.name)
    let data = documents.map { Self.named($0, asWhole: FileManager.default.fileExists) }
    for entry in data {
      if let name = entry.name, !names.contains(name) {
        throw ValueError(
          "--documents \(name)=\(entry.value)", reason: "there is no run \"\(name)\"",
          expected: "one of \(names.joined(separator: ", ")), or the data set alone")
      }
    }
    return try named.map { name, folder in
      ServiceRun(
        name: name,
        source: ModelSource(
          run: RunFolder(path: folder), others: others.map { RunFolder(path: $0) },
          logitAdjustment: logitAdjustment, dimensions: dimensions, threads: threads,
          documents: (data.last { $0.name == name } ?? data.last { $0.name == nil })?.value),
        store: try storePath(name, folder: folder))
    }
  }

  private func storePath(_ name: String, folder: String) throws -> String {
    guard let store else { return folder + "/service.sqlite" }
    if Self.isFolder(store) { return "\(store)/\(name).sqlite" }
    guard runs.count == 1 else {
      throw ValueError(
        "--store \(store)", reason: "it is not a folder, and \(runs.count) runs need a store each",
        expected: "an existing folder")
    }
    return store
  }

  /// The parts of `name=value`.
  ///
  /// - Parameter isWhole: whether a text with an equals sign is a path itself.
  private static func named(_ text: String, asWhole isWhole: (String) -> Bool) -> (
    name: String?, value: String
  ) {
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex, !isWhole(text) else {
      return (nil, text)
    }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
