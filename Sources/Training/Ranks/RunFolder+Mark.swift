package import Models
import Storage

extension RunFolder {
  /// The hash of the run's configuration, by which processes know that they train one run.
  ///
  /// - Throws: `FileError` if it cannot be read.
  package func configurationMark() throws -> [UInt8] {
    let hash = try MappedFile(path: configuration).withBytes { XXHash64.hash($0) }
    return withUnsafeBytes(of: hash.littleEndian, Array.init)
  }
}
