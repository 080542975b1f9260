import Datasets
import Foundation
import Torch

/// The files of a finished run, each compared with the check sum that the run's record notes when it
/// is opened.
///
/// Up to `copyLimit` a file is copied into memory, so that nothing that happens to the folder later
/// reaches the model; larger ones are mapped, and are watched as `MappedFile` says. Runs of versions
/// without check sums are opened without this comparison.
struct RunFiles: Sendable {
  let folder: RunFolder
  /// What the training came to.
  let record: RunRecord
  /// The files as they were before the first was opened.
  let stamp: RunFolder.Stamp
  private let seal: RunSeal?

  /// Up to how many bytes a file is held in memory: 1 GiB.
  static let copyLimit = 1 << 30

  /// Opens the record.
  ///
  /// - Throws: `InputError` when it is damaged, `FileError`.
  init(_ folder: RunFolder) throws {
    self.folder = folder
    stamp = folder.stamp()
    let sealed = try Sealed<RunRecord>(contentsOf: folder.record)
    (record, seal) = (sealed.value, sealed.seal)
  }

  /// Opens the file at `path`, which lies in the folder.
  ///
  /// - Throws: `InputError` when it is damaged or of another run; `FileError`.
  func open(_ path: String) throws -> MappedFile {
    let file = try MappedFile(path: path, copyingUpTo: Self.copyLimit)
    guard let expected = sum(of: path) else { return file }
    guard file.withBytes(RunFolder.sum) == expected else {
      throw InputError(
        file: path,
        reason: "its check sum is not the one in run.json: the file is damaged, was edited, or is "
          + "another run's",
        expected: "the file that the training wrote; copy the run's folder again, whole")
    }
    return file
  }

  /// The check sum that a file must have; nil where the record has none.
  func sum(of path: String) -> String? { seal?.files[folder.name(of: path)] }

  /// Compares all files of a folder inside the run's.
  func check(folder inner: String) throws {
    let prefix = folder.name(of: inner) + "/"
    for name in (seal?.files.keys.sorted() ?? []) where name.hasPrefix(prefix) {
      _ = try open("\(folder.path)/\(name)")
    }
  }

  /// Reads a value from a JSON file of the run.
  func read<T: Decodable>(_ type: T.Type, from path: String) throws -> T {
    try decodeJSON(type, from: open(path).withBytes { Data($0) }, file: path)
  }

  /// Refuses a run whose files were replaced since the record was opened.
  func checkCurrent() throws {
    guard folder.stamp() == stamp else {
      throw InputError(
        file: folder.path, reason: "its files were replaced while it was being opened",
        expected: "a run that is left alone; try again")
    }
  }
}

extension RunFolder {
  /// Which files of a run there are and in which state; see `TrainedModel.isCurrent`.
  public struct Stamp: Hashable, Sendable {
    fileprivate var files: [String: FileStamp]
  }

  /// The state of all files that a trained model is made of, calibration included.
  ///
  /// Reads nothing: a system call a file. Two stamps are equal as long as nobody has replaced,
  /// removed, added or written to one of them.
  public func stamp() -> Stamp {
    var files: [String: FileStamp] = [:]
    for path in parts + [record, calibration] {
      if let stamp = FileStamp(path: path) { files[name(of: path)] = stamp }
    }
    return Stamp(files: files)
  }

  /// The check sums of all files that the training leaves but its record.
  func checkSums() throws -> [String: String] {
    var sums: [String: String] = [:]
    for path in parts where has(path) {
      sums[name(of: path)] = try MappedFile(path: path).withBytes(Self.sum)
    }
    return sums
  }

  /// The files of a finished training but its record, whether they are there or not.
  private var parts: [String] {
    let inner: [String]
    do {
      inner = try FileManager.default.subpathsOfDirectory(atPath: transformer).sorted()
    } catch {
      inner = []
    }
    return [
      configuration, dataset, labels, counts, vocabulary, model, labelEmbeddings, last,
      lastLabelEmbeddings, metrics,
    ]
      + inner.map { transformer + "/" + $0 }.filter { file in
        var isFolder: ObjCBool = false
        return file != initialTransformer && !isPartial(file)
          && FileManager.default.fileExists(atPath: file, isDirectory: &isFolder)
          && !isFolder.boolValue
      }
  }

  /// The path of a file relative to the folder.
  func name(of file: String) -> String { String(file.dropFirst(path.count + 1)) }

  /// A file's check sum as it is noted.
  static func sum(_ bytes: UnsafeRawBufferPointer) -> String {
    RunSeal.text(XXHash64.hash(bytes))
  }
}

extension TrainedModel {
  /// Whether the run's folder still holds the files that this model was opened from.
  ///
  /// A program that answers for long asks before it answers, and opens the run again when it says no.
  /// Opening refuses a folder of which only some files have been replaced, so that the old model can
  /// be kept until the new one is whole.
  public var isCurrent: Bool {
    ([self] + others).allSatisfy { $0.folder.stamp() == $0.files.stamp }
  }
}
