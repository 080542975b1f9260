import Foundation
package import Storage

/// Opens files that may be compressed.
package enum PackedFile {
  /// The content of `path`; if its name ends in `.gz`, `.xz`, `.lz4`, `.zst` or `.bz2`, it is
  /// unpacked by the system's tools and mapped from an unnamed temporary file.
  ///
  /// - Throws: `FileError` when it cannot be read; `InputError` when it is damaged;
  ///   `DebianUnavailable` when no tool can unpack it.
  package static func open(_ path: String) throws -> MappedFile {
    let tools = ["gz": "gzip", "xz": "xz", "lz4": "lz4", "zst": "zstd", "bz2": "bzip2"]
    guard let tool = tools[(path as NSString).pathExtension] else {
      return try MappedFile(path: path)
    }
    // A missing file must be distinguished from a damaged one, without reading from a pipe.
    guard access(path, R_OK) == 0 else {
      throw FileError(path: path, action: "open", code: errno)
    }
    let command: Subprocess
    if let unpacker = Subprocess.path(of: tool) {
      command = Subprocess(path: unpacker, arguments: ["-dc", "--", path])
    } else if let helper = Subprocess.path(of: "apt-helper") {
      // The second choice, because it accepts a truncated .gz as complete (apt 2.6.1).
      command = Subprocess(path: helper, arguments: ["cat-file", path])
    } else {
      throw DebianUnavailable(
        reason: "no installed program can unpack \(path)",
        remedy: "install \(tool), or unpack it by hand")
    }
    let outcome = try command.run()
    guard outcome.status == 0 else {
      throw InputError(
        file: path,
        reason: "cannot be unpacked: "
          + outcome.messages.trimmingCharacters(in: .whitespacesAndNewlines),
        expected: "a whole .\((path as NSString).pathExtension) file")
    }
    return outcome.output
  }
}
