import Foundation
package import Storage

/// Opens files that may be compressed.
package enum PackedFile {
  /// The content of `path`, unpacked by the system's tools into an unnamed temporary file if it is
  /// compressed by gzip, xz, Zstandard, bzip2 or LZ4.
  ///
  /// The first bytes decide, and then the end of the name: `.gz`, `.xz`, `.zst`, `.bz2`, `.lz4`.
  ///
  /// - Throws: `FileError` when it cannot be read; `InputError` when it is damaged;
  ///   `DebianUnavailable` when no tool can unpack it.
  package static func open(_ path: String) throws -> MappedFile {
    let file = try MappedFile(path: path)
    guard let packing = Packing(of: file, named: path) else { return file }
    return try unpack(file, packing, path: path)
  }

  /// A way of compression.
  enum Packing: String, CaseIterable {
    case gz, xz, zst, bz2, lz4

    /// The compression of a file; nil if it is not compressed.
    init?(of file: MappedFile, named name: String) {
      let byContent = Self.allCases.first { packing in
        file.withBytes { packing.begins($0) }
      }
      guard let packing = byContent ?? Self(rawValue: (name as NSString).pathExtension) else {
        return nil
      }
      self = packing
    }

    private func begins(_ bytes: UnsafeRawBufferPointer) -> Bool {
      guard bytes.starts(with: signature) else { return false }
      // A text may begin with these three letters.
      return self != .bz2 || bytes.count > 3 && 0x31...0x39 ~= bytes[3]
    }

    private var signature: [UInt8] {
      switch self {
      case .gz: [0x1F, 0x8B]
      case .xz: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]
      case .zst: [0x28, 0xB5, 0x2F, 0xFD]
      case .bz2: [0x42, 0x5A, 0x68]
      case .lz4: [0x04, 0x22, 0x4D, 0x18]
      }
    }

    /// The program that unpacks it.
    var tool: String {
      switch self {
      case .gz: "gzip"
      case .xz: "xz"
      case .zst: "zstd"
      case .bz2: "bzip2"
      case .lz4: "lz4"
      }
    }
  }

  /// Unpacks a file; `path` is its name in errors, and the file itself if it is one that can be opened
  /// again.
  static func unpack(_ file: MappedFile, _ packing: Packing, path: String) throws -> MappedFile {
    var command: Subprocess
    if let unpacker = Subprocess.path(of: packing.tool) {
      command = Subprocess(path: unpacker, arguments: ["-dc"])
    } else if let helper = Subprocess.path(of: "apt-helper"),
      path.hasSuffix(".\(packing.rawValue)")
    {
      // The second choice, because it accepts a truncated .gz as complete (apt 2.6.1).
      command = Subprocess(path: helper, arguments: ["cat-file", path])
    } else {
      throw DebianUnavailable(
        reason: "no installed program can unpack \(path)",
        remedy: "install \(packing.tool), or unpack it by hand")
    }
    // A pipe can be read only once, so its content is passed on.
    let source = try TemporaryFile()
    var status = stat()
    var descriptor: Int32 = -1
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
      descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw FileError(path: path, action: "open", code: errno) }
    } else {
      try file.withBytes(source.write)
      lseek(source.descriptor, 0, SEEK_SET)
    }
    defer { if descriptor >= 0 { close(descriptor) } }
    command.input = descriptor >= 0 ? descriptor : source.descriptor
    let outcome = try command.run()
    guard outcome.status == 0 else {
      throw InputError(
        file: path,
        reason: "cannot be unpacked: "
          + outcome.messages.trimmingCharacters(in: .whitespacesAndNewlines).onOneLine,
        expected: "a whole \(packing.tool) file")
    }
    return outcome.output
  }
}
