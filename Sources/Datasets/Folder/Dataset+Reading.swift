import Foundation
import Storage

extension Dataset {
  /// Reads `path`, which is a data set's folder or a file of labelled texts.
  ///
  /// | path | read as |
  /// |---|---|
  /// | folder with `documents.jsonl` | `DatasetFolder` |
  /// | folder with `trn.json` or `trn.json.gz` | `ExtremeTextFolder` |
  /// | folder with files called `train`, `validation`, `test` | texts with labels, a file per part |
  /// | folder with one `…train.txt` | `SVMLightFolder` |
  /// | folder with `NAME.txt` and `NAME.key` or `NAME.tsv` | Annif's corpus of full texts |
  /// | file | `DataFormat` lists the formats; the file is split |
  ///
  /// - Parameter reading: columns, format, split, and files of other parts.
  /// - Throws: `FileError`; `InputError` with the position of the first bad record if bad records are
  ///   refused, or when it is not clear how to read the path.
  public static func read(
    _ path: String, _ reading: DataReading = DataReading(), badLines: BadLinePolicy = .refuse
  ) throws -> Dataset {
    switch try DataSource(path, reading) {
    case .folder(let read):
      try reading.refuseColumns(of: path)
      return try read(badLines)
    case .texts(let path, let reading):
      return try LabelledTextFile.read(path, reading, badLines: badLines)
    }
  }
}

/// The way to read a path.
package enum DataSource {
  /// A folder with its own parts.
  case folder((BadLinePolicy) throws -> Dataset)
  /// Files of labelled texts; the path may be that of another file than the one named.
  case texts(String, DataReading)

  /// Looks at a path.
  ///
  /// - Throws: `InputError` for a folder that is not understood; `FileError`.
  package init(_ path: String, _ reading: DataReading) throws {
    guard path != InputFile.standardInput, let names = try Folder.names(path), names != [""] else {
      self = try Self.file(path, reading)
      return
    }
    let extremeTexts = ["trn.json", "trn.json.gz"]
    switch reading.format {
    case .xmcText: self = .folder { _ in try ExtremeTextFolder.read(path) }
    case .svmlight: self = .folder { _ in try SVMLightFolder.read(path) }
    case nil where names.contains("documents.jsonl"):
      self = .folder { try DatasetFolder.read(path, badLines: $0) }
    case nil where names.contains(where: extremeTexts.contains):
      self = .folder { _ in try ExtremeTextFolder.read(path) }
    case .annifFolder: self = .texts(path, reading)
    default:
      if let parts = try Self.parts(of: names, in: path, reading) {
        self = .texts(parts.path, parts.reading)
      } else if names.count(where: Self.isSparse) > 0 {
        self = .folder { _ in try SVMLightFolder.read(path) }
      } else {
        self = .texts(path, reading)
      }
    }
  }

  private static func isSparse(_ name: String) -> Bool {
    name.hasSuffix("train.txt") && !name.hasPrefix("filter_labels")
  }

  private static func file(_ path: String, _ reading: DataReading) throws -> DataSource {
    // A pipe can be read only once, so it is not looked at.
    var status = stat()
    guard path != InputFile.standardInput, reading.format == nil || reading.format == .svmlight,
      stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG
    else { return .texts(path, reading) }
    guard try reading.format == .svmlight || isSVMLight(path) else { return .texts(path, reading) }
    return .folder { _ in try SVMLightFolder.readFile(path) }
  }

  /// Whether the first line of a file, which is not looked at if it is compressed, is one of svmlight.
  private static func isSVMLight(_ path: String) throws -> Bool {
    guard ["txt", "svm", "svmlight", "libsvm", ""].contains((path as NSString).pathExtension) else {
      return false
    }
    return try MappedFile(path: path).withBytes { bytes in
      let line = bytes[..<min(LineReader.lineEnd(in: bytes, from: 0), 4096)]
      return ForeignFile.isSVMLight(String(decoding: line, as: UTF8.self))
    }
  }

  /// The files of a folder that are called after the parts, with any endings.
  private static func parts(of names: [String], in folder: String, _ reading: DataReading) throws
    -> (path: String, reading: DataReading)?
  {
    func file(_ stems: [String]) throws -> String? {
      let found = names.filter { name in
        let parts = name.lowercased().split(separator: ".")
        return parts.count > 1 && stems.contains(String(parts[0]))
      }.sorted()
      guard found.count <= 1 else {
        throw InputError(
          file: folder, reason: "there are \(found.joined(separator: " and "))",
          expected: "one file of each part")
      }
      return found.first.map { "\(folder)/\($0)" }
    }
    guard let train = try file(["train"]) else { return nil }
    var reading = reading
    reading.validation = try reading.validation ?? file(["validation", "valid", "val", "dev"])
    reading.test = try reading.test ?? file(["test"])
    return try isSVMLight(train) ? nil : (train, reading)
  }
}

extension DataReading {
  /// Refuses columns and parts of a folder, which has its own.
  fileprivate func refuseColumns(of path: String) throws {
    let given = [
      ("text", text), ("label", label), ("id", id), ("separator", separator), ("group", group),
      ("time", time), ("validation", validation), ("test", test), ("more", more?.first),
    ]
    guard let (name, value) = given.first(where: { $0.1 != nil }) else { return }
    throw InputError(
      file: path, reason: "the folder has its own documents and parts; \(name) is \(value ?? "")",
      expected: "a file of labelled texts, or the folder alone")
  }
}
