import Datasets
import Foundation
import Storage

/// The files of a finished run, each verified when opened against the checksum in the run's record.
///
/// Files up to `copyLimit` are copied into memory, so that later changes to the folder do not
/// affect the model; larger ones are mapped and monitored as described for `MappedFile`. Runs of
/// older versions have no checksums and are not verified.
package struct RunFiles: Sendable {
  let folder: RunFolder
  /// A summary of the training run.
  package let record: RunRecord
  /// The state of the files before the first was opened.
  let stamp: RunFolder.Stamp
  private let seal: RunSeal?

  /// The largest file held in memory: 1 GiB.
  static let copyLimit = 1 << 30

  /// Opens the record.
  ///
  /// - Throws: `InputError` if it is damaged, `FileError`.
  package init(_ folder: RunFolder) throws {
    self.folder = folder
    stamp = folder.stamp()
    let sealed = try Sealed<RunRecord>(contentsOf: folder.record)
    (record, seal) = (sealed.value, sealed.seal)
  }

  /// Opens the file at `path` within the folder.
  ///
  /// - Throws: `InputError` if it is damaged or belongs to another run; `FileError`.
  func open(_ path: String) throws -> MappedFile {
    let file = try MappedFile(path: path, copyingUpTo: Self.copyLimit)
    guard let expected = sum(of: path) else { return file }
    guard file.withBytes(RunFolder.sum) == expected else {
      throw InputError(
        file: path,
        reason: "its checksum does not match run.json: the file is damaged, was edited, or is "
          + "another run's",
        expected: "the file as training wrote it; copy the whole run folder again")
    }
    return file
  }

  /// The recorded checksum of a file; nil if there is none.
  func sum(of path: String) -> String? { seal?.files[folder.name(of: path)] }

  /// Verifies all files of a subfolder.
  package func check(folder inner: String) throws {
    let prefix = folder.name(of: inner) + "/"
    for name in (seal?.files.keys.sorted() ?? []) where name.hasPrefix(prefix) {
      _ = try open("\(folder.path)/\(name)")
    }
  }

  /// Reads a value from a JSON file of the run.
  package func read<T: Decodable>(_ type: T.Type, from path: String) throws -> T {
    try decodeJSON(type, from: open(path).withBytes { Data($0) }, file: path)
  }

  /// Throws if the run's files were replaced since the record was opened.
  func checkCurrent() throws {
    guard folder.stamp() == stamp else {
      throw InputError(
        file: folder.path, reason: "its files were replaced while it was being opened",
        expected: "a run that does not change; try again")
    }
  }
}

extension RunFolder {
  /// The existence and state of a run's files; see `TrainedModel.isCurrent`.
  public struct Stamp: Hashable, Sendable {
    fileprivate var files: [String: FileStamp]
  }

  /// The state of all files that belong to a trained model, calibration included.
  ///
  /// Reads no contents: one system call per file. Two stamps are equal as long as no file was
  /// replaced, removed, added or written.
  public func stamp() -> Stamp {
    var files: [String: FileStamp] = [:]
    for path in parts + [record, calibration] {
      if let stamp = FileStamp(path: path) { files[name(of: path)] = stamp }
    }
    return Stamp(files: files)
  }

  /// The checksums of all files of a finished training run except its record.
  package func checkSums() throws -> [String: String] {
    var sums: [String: String] = [:]
    for path in parts where has(path) {
      sums[name(of: path)] = try MappedFile(path: path).withBytes(Self.sum)
    }
    return sums
  }

  /// The files of a finished training run except its record, existing or not.
  private var parts: [String] {
    let inner: [String]
    do {
      inner = try FileManager.default.subpathsOfDirectory(atPath: transformer).sorted()
    } catch {
      inner = []
    }
    return [
      configuration, dataset, labels, labelTexts, counts, vocabulary, model, labelEmbeddings, last,
      lastLabelEmbeddings, metrics, memory(of: .best), memory(of: .last), memoryLabels,
      untrainedLabels, untrainedVectors(of: .best), untrainedVectors(of: .last),
    ]
      + inner.map { transformer + "/" + $0 }.filter { file in
        var isFolder: ObjCBool = false
        return file != initialTransformer && !isPartial(file)
          && FileManager.default.fileExists(atPath: file, isDirectory: &isFolder)
          && !isFolder.boolValue
      }
  }

  /// The path of a file relative to the folder.
  package func name(of file: String) -> String { String(file.dropFirst(path.count + 1)) }

  /// The text form of a file's checksum.
  static func sum(_ bytes: UnsafeRawBufferPointer) -> String {
    RunSeal.text(XXHash64.hash(bytes))
  }
}

extension TrainedModel {
  /// Whether the run's folder still contains the files from which this model was opened.
  ///
  /// A long-running program checks this before each answer and reopens the run if it is false.
  /// Opening fails while only some of the files have been replaced, so that the program can keep
  /// the old model until the new one is complete.
  public var isCurrent: Bool {
    ([self] + others).allSatisfy { $0.folder.stamp() == $0.files.stamp }
  }
}
