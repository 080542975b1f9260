public import Foundation

/// A folder for one test, removed with the object.
public final class TemporaryFolder: Sendable {
  /// The folder's path.
  public let path: String

  /// Creates a folder in the system's temporary one.
  public init() throws {
    path = NSTemporaryDirectory() + "decant-test-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      print("could not remove \(path): \(error)")
    }
  }

  /// The path of the file `name` in the folder.
  public func file(_ name: String) -> String { path + "/" + name }

  /// Writes `text` to the file `name` and returns its path.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    try write(Data(text.utf8), to: name)
  }

  /// Writes `bytes` to the file `name` and returns its path.
  @discardableResult
  public func write(_ bytes: Data, to name: String) throws -> String {
    try bytes.write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// The text of the file `name`.
  public func text(_ name: String) throws -> String {
    try String(contentsOfFile: file(name), encoding: .utf8)
  }

  /// The names in the folder, sorted.
  public func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}
