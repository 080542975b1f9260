import Foundation
import Storage
package import Torch

/// Caches the vectors of a data set's texts on disk: next to the data set if it is a writable
/// folder, otherwise in the run's folder during training.
package struct VectorCache {
  /// The data set's folder for such files, if it has one.
  private let shared: String?
  private let run: RunFolder
  /// Identifies everything that the vectors depend on except the texts.
  private let maker: String
  private let contentHash: String?
  private let width: Int

  /// Refers to a cache without accessing it.
  package init(
    dataset path: String?, contentHash: UInt64?, run: RunFolder, checkpoint: UInt64,
    maximumLength: Int, pooling: String, width: Int
  ) {
    self.run = run
    self.width = width
    self.contentHash = contentHash.map { String($0, radix: 16) }
    maker = "\(String(checkpoint, radix: 16))-\(maximumLength)-\(pooling)"
    var isFolder: ObjCBool = false
    let isThere = path.map { FileManager.default.fileExists(atPath: $0, isDirectory: &isFolder) }
    shared =
      isThere == true && isFolder.boolValue && contentHash != nil ? path.map { $0 + "/cache" } : nil
  }

  /// The cached vectors of column `name`, or nil.
  func kept(_ name: String, count: Int) throws -> Tensor? {
    for path in paths(name) where run.has(path) {
      if let matrix = try matrix(path), matrix.shape == [count, width] { return matrix }
    }
    return nil
  }

  /// The vectors of column `name`, computed by `make` unless they are cached.
  ///
  /// - Parameter make: passes the rows, block by block, to its argument.
  package func vectors(
    _ name: String, count: Int, make: ((Tensor) throws -> Void) throws -> Void
  ) throws -> Tensor {
    if let matrix = try kept(name, count: count) { return matrix }
    var path = run.vectors(name)
    if let shared, let target = paths(name).first, makeWritable(shared) {
      path = target
      removeOutdated(shared)
    }
    try write(path, count: count, make)
    guard let matrix = try matrix(path), matrix.shape == [count, width] else {
      throw InputError(file: path, reason: "the vectors differ from those that were written")
    }
    return matrix
  }

  /// Candidate paths for the vectors, the preferred one first.
  private func paths(_ name: String) -> [String] {
    let beside = shared.flatMap { folder in
      contentHash.map { "\(folder)/vectors-\(name)-\(maker)-\($0).safetensors" }
    }
    return [beside, run.vectors(name)].compactMap { $0 }
  }

  private func makeWritable(_ folder: String) -> Bool {
    mkdir(folder, 0o755)
    return access(folder, W_OK | X_OK) == 0
  }

  /// Removes the vectors of earlier contents of the data set, which are never used again.
  private func removeOutdated(_ folder: String) {
    guard let contentHash else { return }
    do {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder)
      where name.hasPrefix("vectors-") && name.hasSuffix(".safetensors")
        && !name.hasSuffix("-\(contentHash).safetensors")
      {
        unlink("\(folder)/\(name)")
      }
    } catch {
      // They take space and do no harm.
    }
  }

  private func matrix(_ path: String) throws -> Tensor? {
    let file: SafetensorsFile
    do {
      file = try SafetensorsFile(path: path)
    } catch is InputError {
      // Damaged: computed again.
      return nil
    }
    guard file.metadata["maker"] == maker else { return nil }
    let matrix = try file.tensor(named: "vectors")
    return matrix.dtype == .float32 ? matrix : nil
  }

  /// Writes block by block, so that memory does not grow with the data set.
  private func write(
    _ path: String, count: Int, _ make: ((Tensor) throws -> Void) throws -> Void
  ) throws {
    let size = count * width * MemoryLayout<Float>.size
    var header =
      "{\"__metadata__\":{\"maker\":\"\(maker)\"},\"vectors\":{\"dtype\":\"F32\","
      + "\"shape\":[\(count),\(width)],\"data_offsets\":[0,\(size)]}}"
    header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    let file = try AtomicFile(path: path)
    try withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { try file.write($0) }
    try file.write(header)
    try make { block in try block.contiguous().withUnsafeBytes { try file.write($0) } }
    // A block that could not be computed has no bytes.
    try throwRefusal()
    try file.commit()
  }
}
