import Foundation

/// A reader of files, with valid files to damage.
struct Reader: Sendable {
  /// The name on the command line.
  var name: String
  /// The reader's share of the cases, relative to the others.
  var weight: Int
  /// Strings of the format.
  var tokens: [String] = []
  /// Files that are not damaged; all others in the folder are.
  var keeps: Set<String> = []
  /// Writes a set of valid files to an existing folder.
  var make: @Sendable (_ folder: String) throws -> Void
  /// Recomputes the checksums of one file; applied to every other damaged one.
  var mendSums: (@Sendable (_ bytes: inout [UInt8], _ name: String) -> Void)?
  /// Reads the folder's files and uses their contents.
  ///
  /// Errors are expected.
  var read: @Sendable (_ folder: String) throws -> Void

  static let all: [Reader] =
    texts + vocabularies + matrices + models + encoders + pictures + [numbers]
}

extension String {
  /// Writes the text to a file.
  func write(to folder: String, _ name: String) throws {
    try Array(utf8).write(to: folder, name)
  }
}

extension [UInt8] {
  /// Writes the bytes to a new file and replaces an old one, which existing mappings keep.
  func write(to folder: String, _ name: String) throws {
    let path = "\(folder)/\(name)"
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    defer { close(descriptor) }
    var rest = self[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
      rest = rest.dropFirst(count)
    }
  }
}
