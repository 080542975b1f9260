import Foundation
import Storage

/// A file that a user named, unpacked and as UTF-8.
struct InputFile {
  /// Its name in errors and notes.
  let name: String
  /// The content in UTF-8; the file itself if it needs no conversion.
  let content: MappedFile
  /// The encoding that it had.
  let encoding: TextEncoding
  /// The compression that it had; nil if it had none.
  let packing: PackedFile.Packing?
  /// The path without the ending of a compression, by which formats are guessed.
  let baseName: String

  /// The name that stands for standard input.
  static let standardInput = "-"
  /// The name of standard input in errors and notes.
  static let standardInputName = "standard input"

  /// Opens a file; `-` is standard input.
  ///
  /// - Parameter encoding: the encoding; nil to recognise it.
  /// - Throws: `FileError`; `InputError` for a damaged file or one that is not text;
  ///   `DebianUnavailable` when this machine has no tool to unpack it.
  init(_ path: String, encoding: TextEncoding? = nil) throws {
    var file: MappedFile
    if path == Self.standardInput {
      name = Self.standardInputName
      let copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
      guard copy >= 0 else { throw FileError(path: name, action: "open", code: errno) }
      file = try MappedFile(descriptor: copy, path: name)
    } else {
      name = path
      file = try MappedFile(path: path)
    }
    packing = PackedFile.Packing(of: file, named: path)
    baseName =
      packing.map { path.hasSuffix(".\($0.rawValue)") } == true
      ? (path as NSString).deletingPathExtension : path
    if let packing { file = try PackedFile.unpack(file, packing, path: name) }
    self.encoding = encoding ?? file.withBytes(TextEncoding.guess)
    if self.encoding != .utf16LE, self.encoding != .utf16BE,
      let foreign = file.withBytes({ ForeignFile(binary: $0) })
    {
      throw foreign.error(file: name, wanted: "text, such as CSV or lines of JSON")
    }
    content = try self.encoding.converted(file, named: name) ?? file
  }

  /// Whether the bytes of the file are those of `content`.
  var isAsStored: Bool { packing == nil && encoding == .utf8 }

  /// The ending of the name in lower case, without that of a compression.
  var ending: String { (baseName as NSString).pathExtension.lowercased() }
}
