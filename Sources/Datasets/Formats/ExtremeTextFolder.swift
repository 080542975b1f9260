import Foundation
import Storage

/// The text format of a data set of the extreme-classification repository: a folder.
///
/// | file | a line | |---|---| | `trn.json.gz`, `tst.json.gz` | `{"uid", "title", "content",
/// "target_ind": […], "target_rel": […]}` | | `lbl.json.gz` | `{"uid", "title"}`, perhaps with
/// `"content"` | | `filter_labels_train.txt`, `filter_labels_test.txt` | a document's row, a
/// label's row |
///
/// Only `trn` and `lbl` are required; files may be uncompressed (`trn.json`). A text is the title
/// and, on a new line, the content. Labels are numbered from 0 in the order of `lbl`; a missing
/// `target_rel` means all ones. Unknown keys are ignored. Format:
/// <http://manikvarma.org/downloads/XC/XMLRepository.html>.
public enum ExtremeTextFolder {
  /// Reads the folder at `path`.
  ///
  /// Texts stay in the files until they are accessed.
  ///
  /// - Throws: `FileError` when a file cannot be read; `InputError` with the position of the first
  ///   problem, a repeated uid included; `DebianUnavailable` when this machine has no tool to
  ///   unpack the files.
  public static func read(_ path: String) throws -> Dataset {
    func open(_ file: String) throws -> LineReader {
      LineReader(file: try PackedFile.open(file), policy: .refuse, name: file)
    }
    func existing(_ name: String) -> String? {
      ["json.gz", "json"].map { "\(path)/\(name).\($0)" }.first {
        FileManager.default.fileExists(atPath: $0)
      }
    }
    func required(_ name: String) -> String { existing(name) ?? "\(path)/\(name).json.gz" }
    let labels = try ExtremeTextRecords(open(required("lbl")))
    let labelCount = labels.table.count
    guard labelCount > 0 else {
      throw InputError(file: required("lbl"), reason: "it has no labels", expected: "some")
    }
    let train = try ExtremeTextRecords(open(required("trn")), labelCount: labelCount)
    let test = try existing("tst").map {
      try ExtremeTextRecords(open($0), labelCount: labelCount, apartFrom: train.table)
    }
    func split(_ records: ExtremeTextRecords, from start: Int, _ part: String) throws -> Split {
      let count = records.table.count
      return Split(
        documentIndices: MappedArray((0..<count).map { Int32(start + $0) }),
        labels: records.targets,
        filter: try filter(in: path, part: part, rowCount: count, labelCount: labelCount))
    }
    let trainSplit = try split(train, from: 0, "train")
    let testSplit = try test.map { try split($0, from: train.table.count, "test") }
    var ids = train.table.column
    var texts = train.texts
    if let test {
      ids = ids.appending(test.table.column)
      texts = texts.appending(test.texts)
    }
    let files = [required("lbl"), required("trn"), existing("tst")].compactMap { $0 }
    return Dataset(
      documents: Documents(ids: ids, content: .texts(texts)),
      labels: Labels(ids: labels.table.column, texts: labels.texts),
      train: trainSplit, test: testSplit,
      description: DatasetDescription(
        name: URL(fileURLWithPath: path).lastPathComponent,
        origins: [DatasetDescription.Origin(source: path)],
        statistics: DatasetStatistics(train: trainSplit, test: testSplit)),
      contentHash: try Folder.contentHash(files))
  }

  /// The pairs of the folder's filter file for `part`; nil if there is no file or no pair.
  static func filter(
    in folder: String, part: String, rowCount: Int, labelCount: Int
  ) throws -> CSRMatrix? {
    let path = "\(folder)/filter_labels_\(part).txt"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return try FilterLabelsFile.read(path, rowCount: rowCount, labelCount: labelCount)
  }
}

extension TextColumn {
  /// The texts of this column, followed by those of `other`.
  fileprivate func appending(_ other: TextColumn) -> TextColumn {
    let count = self.count
    return TextColumn(count: count + other.count) { index in
      index < count ? self[index] : other[index - count]
    }
  }
}
