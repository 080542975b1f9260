import Foundation
import Storage

/// The folder format of a data set: text files that any tool can write, one JSON record per line.
///
/// | file | record | |
/// |---|---|---|
/// | `documents.jsonl` | `{"id", "text"}` or `{"id", "features": {name: weight, …}}` | all documents |
/// | `labels.jsonl` | `{"id", "text"?, "alternatives"?, "parents"?, "notation"?, "language"?}` | all labels |
/// | `train.jsonl` | `{"id", "labels": […], "weights": […]?}` | the rows to learn from |
/// | `validation.jsonl` | the same | optional; documents to hold out, of `train.jsonl` or all apart from it |
/// | `test.jsonl` | the same | optional; documents that are not in `train.jsonl` |
/// | `filter-train.jsonl` | `{"id", "labels": […]}` | optional; labels not to rank for a row of train |
/// | `filter-test.jsonl` | the same | optional; the same for test |
/// | `dataset.json` | | optional; name, origin, statistics, `"propensity": {"a", "b"}` |
///
/// Texts and names are read in Unicode's Normalization Form C, so that two forms of a name are the
/// same name, and documents and labels have the name in that form. A name must not be empty or
/// contain control characters other than tabs and line ends; a text must not contain U+0000.
///
/// Blank lines and unknown keys are ignored. `write` also writes `dataset.json`.
public enum DatasetFolder {
  /// Reads the folder at `path`.
  ///
  /// The label matrices are saved in the folder's `cache`, if it is writable, and mapped from there
  /// the next time; a change of any file invalidates them.
  ///
  /// - Throws: `FileError` when a file cannot be read; `InputError` with the position of the first
  ///   bad line if bad lines are refused, or when the parts contradict each other.
  public static func read(
    _ path: String, badLines: BadLinePolicy = .refuse
  ) throws -> Dataset {
    func open(_ name: String) throws -> LineReader {
      LineReader(
        file: try MappedFile(path: "\(path)/\(name).jsonl"), policy: badLines,
        example: examples[name] ?? #"{"id": "…", "labels": ["…"]}"#)
    }
    func openIfPresent(_ name: String) throws -> LineReader? {
      FileManager.default.fileExists(atPath: "\(path)/\(name).jsonl") ? try open(name) : nil
    }
    guard FileManager.default.fileExists(atPath: "\(path)/documents.jsonl") else {
      throw InputError(
        file: path, reason: "it contains no documents.jsonl",
        expected: "documents.jsonl, labels.jsonl and train.jsonl, or the path of a single file of "
          + #"{"text": "…", "labels": ["…"]} lines"#)
    }
    let documentLines = try open("documents")
    let labelLines = try open("labels")
    let splitLines = (
      train: try open("train"), validation: try openIfPresent("validation"),
      test: try openIfPresent("test")
    )
    let files = [
      documentLines, labelLines, splitLines.train, splitLines.validation, splitLines.test,
    ]
    let filterLines = (
      train: try openIfPresent("filter-train"), test: try openIfPresent("filter-test")
    )
    let filterFiles = [filterLines.train, filterLines.test]
    // Without filter pairs the hash equals that of versions before filter files.
    let hashed = filterFiles.contains { $0 != nil } ? files + filterFiles : files
    let contentHash = hash(of: hashed.map { $0?.file })

    var skipped = SkippedLines()
    let documents = try DocumentsReader(documentLines, skipped: &skipped)
    let labels = try LabelsReader(labelLines, skipped: &skipped)
    let cache = SplitCache(folder: "\(path)/cache", contentHash: contentHash)
    func readSplit(_ name: String, _ lines: LineReader) throws -> Split {
      let counts = (documents: documents.table.count, labels: labels.table.count)
      if skipped.count == 0, let kept = cache.split(name, counts) { return kept }
      let split = try SplitReader(
        lines, documents: documents.table, labels: labels.table, skipped: &skipped
      ).split
      guard skipped.count == 0 else { return split }
      cache.keep(split, as: name, counts)
      return cache.split(name, counts) ?? split
    }
    var train = try readSplit("train", splitLines.train)
    var validation = try splitLines.validation.map { try readSplit("validation", $0) }
    var test = try splitLines.test.map { try readSplit("test", $0) }
    let ids = documents.table.column
    try check(validation, isPartOrApartFrom: train, ids: ids, file: "\(path)/validation.jsonl")
    for (name, part) in [("train", train), ("validation", validation)] {
      try check(test, isApartFrom: part, named: name, ids: ids, file: "\(path)/test.jsonl")
    }
    func readFilter(_ lines: LineReader) throws -> FilterPairs {
      FilterPairs(
        try SplitReader(
          lines, documents: documents.table, labels: labels.table, skipped: &skipped
        ).split, lines: lines, ids: ids)
    }
    if let pairs = try filterLines.train.map(readFilter) {
      train.filter = try pairs.matrix(for: train, named: "train")
      if var part = validation {
        part.filter = try pairs.matrix(for: part, named: nil)
        validation = part
      }
    }
    if let lines = filterLines.test {
      guard var part = test else {
        throw InputError(
          file: lines.name, reason: "there is no test.jsonl",
          expected: "the rows that the filter pairs are for")
      }
      part.filter = try readFilter(lines).matrix(for: part, named: "test")
      test = part
    }
    return Dataset(
      documents: try documents.documents(), labels: labels.labels, train: train,
      validation: validation,
      test: test, description: try readDescription(path), skipped: skipped,
      contentHash: contentHash)
  }

  /// Example records of files that do not describe a split.
  private static let examples = [
    "documents": #"{"id": "…", "text": "…"}"#, "labels": #"{"id": "…", "text": "…"}"#,
  ]

  private static func hash(of files: [MappedFile?]) -> UInt64 {
    // A missing file and an empty one must have different hashes.
    let sums = files.map { $0.map { $0.withBytes(XXHash64.hash) } ?? 0 }
    return sums.withUnsafeBytes { XXHash64.hash($0) }
  }

  private static func check(
    _ validation: Split?, isPartOrApartFrom train: Split, ids: TextColumn, file: String
  ) throws {
    guard let validation else { return }
    let known = train.holdings(of: ids.count)
    let strays = validation.documentIndices.filter { !known[Int($0)] }
    guard let stray = strays.first, strays.count < validation.count else { return }
    throw InputError(
      file: file,
      reason: "the document \"\(ids[Int(stray)])\" is not in train.jsonl, but others are",
      expected: "documents of train.jsonl to hold out, or only documents that are not in it")
  }

  private static func check(
    _ test: Split?, isApartFrom part: Split?, named name: String, ids: TextColumn, file: String
  ) throws {
    guard let test, let part else { return }
    let known = part.holdings(of: ids.count)
    guard let leak = test.documentIndices.first(where: { known[Int($0)] }) else { return }
    throw InputError(
      file: file, reason: "the document \"\(ids[Int(leak)])\" is in \(name).jsonl too",
      expected: "documents that are not in train and validation")
  }

  private static func readDescription(_ path: String) throws -> DatasetDescription {
    let file = "\(path)/dataset.json"
    guard FileManager.default.fileExists(atPath: file) else {
      return DatasetDescription(name: URL(fileURLWithPath: path).lastPathComponent)
    }
    var description = try decodeJSON(
      DatasetDescription.self, from: MappedFile(path: file).withBytes { Data($0) }, file: file,
      expected: #"{"name": "…", "summary": "…", "propensity": {"a": …, "b": …}}, or no file"#)
    if description.name.isEmpty {
      description.name = URL(fileURLWithPath: path).lastPathComponent
    }
    if let propensity = description.propensity {
      guard 0...10 ~= propensity.a, propensity.b > 0, propensity.b <= 1000 else {
        throw InputError(
          file: file, reason: "the propensity has a = \(propensity.a) and b = \(propensity.b)",
          expected: "a within 0 ... 10, b above 0 and at most 1000")
      }
    }
    return description
  }
}

extension Split {
  /// Whether each of `count` documents is in the split; a byte for each, as there may be millions.
  fileprivate func holdings(of count: Int) -> [Bool] {
    documentIndices.reduce(into: [Bool](repeating: false, count: count)) { $0[Int($1)] = true }
  }
}
