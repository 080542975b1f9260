import Foundation

/// Something that reads files, with good ones to damage.
struct Reader: Sendable {
  /// What it is called on the command line.
  var name: String
  /// How often it gets a case, beside the others.
  var weight: Int
  /// Words of the format.
  var tokens: [String] = []
  /// Files that are not damaged; all others of the folder are.
  var keeps: Set<String> = []
  /// Writes a good set of files into a folder that is there.
  var make: @Sendable (_ folder: String) throws -> Void
  /// Makes the check sums of one file right again; done to every other damaged one.
  var mendSums: (@Sendable (_ bytes: inout [UInt8], _ name: String) -> Void)?
  /// Reads the folder's files and uses what they held.
  ///
  /// Errors are all right.
  var read: @Sendable (_ folder: String) throws -> Void

  static let all: [Reader] =
    texts + matrices + models + pictures + [numbers]
}

extension String {
  /// Writes the text as a file.
  func write(to folder: String, _ name: String) throws {
    try Array(utf8).write(to: folder, name)
  }
}

extension [UInt8] {
  /// Writes the bytes as a new file, whatever was there: what still maps the old one keeps it.
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
