import Foundation
import Storage

extension DatasetFolder {
  /// Writes `dataset` to the folder `path`, replacing a data set that is already there.
  ///
  /// Everything is first written to a temporary folder next to it, which is renamed in one step, so
  /// the folder is always complete. File systems that cannot swap two names have no folder for an
  /// instant while an old data set is being replaced.
  ///
  /// - Throws: `FileError` when something cannot be written; `InputError` when `path` contains
  ///   anything other than a data set; that is never removed.
  public static func write(_ dataset: Dataset, to path: String) throws {
    try refuseForeignFolder(path)
    let folder = try AtomicFolder(path: path)
    let draft = folder.draft
    try writeDocuments(dataset.documents, to: draft)
    try writeLabels(dataset.labels, to: draft)
    let splits = [
      ("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test),
    ]
    for (name, split) in splits {
      guard let split else { continue }
      try writeSplit(split, of: dataset, to: "\(draft)/\(name).jsonl")
      // The validation documents are part of train, and so are their filter pairs.
      guard let filter = split.filter, name != "validation" else { continue }
      let rows = (0..<split.count).filter { !filter.entries(ofRow: $0).isEmpty }
      let pairs = Split(documentIndices: split.documentIndices, labels: filter)
      try writeSplit(
        pairs.selecting(rows: rows), of: dataset, to: "\(draft)/filter-\(name).jsonl")
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let description = try encoder.encode(dataset.description) + Data("\n".utf8)
    try description.withUnsafeBytes { try writeAtomically($0, to: "\(draft)/dataset.json") }
    try folder.commit(replacing: true)
  }

  private static func refuseForeignFolder(_ path: String) throws {
    guard let names = try Folder.names(path) else { return }
    guard names.isEmpty || names.contains("train.jsonl") else {
      throw InputError(
        file: path, reason: "it exists and is not a data set",
        expected: "a new name, an empty folder, or a data set to replace")
    }
  }

  private static func writeDocuments(_ documents: Documents, to folder: String) throws {
    let file = try AtomicFile(path: "\(folder)/documents.jsonl")
    var writer = JSONTextWriter()
    for index in 0..<documents.count {
      writer.append("{\"id\":")
      writer.appendString(documents.ids[index])
      switch documents.content {
      case .texts(let texts):
        writer.append(",\"text\":")
        writer.appendString(texts[index])
      case .features(let matrix, let names):
        writer.append(",\"features\":{")
        for entry in matrix.entries(ofRow: index) {
          if entry > Int(matrix.rowOffsets[index]) { writer.append(",") }
          writer.appendString(names[Int(matrix.columns[entry])])
          writer.append(":")
          writer.appendNumber(matrix.values?[entry] ?? 1)
        }
        writer.append("}")
      }
      for field in documents.metadata?[index] ?? []
      where !["id", "text", "features"].contains(field.name) {
        writer.append(",")
        writer.appendString(field.name)
        writer.append(":")
        writer.append(json: field.json)
      }
      writer.append("}\n")
      try writer.flush(to: file)
    }
    try writer.flush(to: file, all: true)
    try file.commit()
  }

  private static func writeLabels(_ labels: Labels, to folder: String) throws {
    let file = try AtomicFile(path: "\(folder)/labels.jsonl")
    var writer = JSONTextWriter()
    for index in 0..<labels.count {
      writer.append("{\"id\":")
      writer.appendString(labels.ids[index])
      if let texts = labels.texts, !texts.isMissing(at: index) {
        writer.append(",\"text\":")
        writer.appendString(texts[index])
      }
      if let details = labels.details?[index] { writer.append(details) }
      writer.append("}\n")
      try writer.flush(to: file)
    }
    try writer.flush(to: file, all: true)
    try file.commit()
  }

  private static func writeSplit(_ split: Split, of dataset: Dataset, to path: String) throws {
    let labelIDs = Array(dataset.labels.ids)
    let file = try AtomicFile(path: path)
    var writer = JSONTextWriter()
    for row in 0..<split.count {
      let entries = split.labels.entries(ofRow: row)
      writer.append("{\"id\":")
      writer.appendString(dataset.documents.ids[Int(split.documentIndices[row])])
      writer.append(",\"labels\":[")
      for entry in entries {
        if entry > entries.lowerBound { writer.append(",") }
        writer.appendString(labelIDs[Int(split.labels.columns[entry])])
      }
      writer.append("]")
      if let values = split.labels.values {
        writer.append(",\"weights\":[")
        for entry in entries {
          if entry > entries.lowerBound { writer.append(",") }
          writer.appendNumber(values[entry])
        }
        writer.append("]")
      }
      writer.append("}\n")
      try writer.flush(to: file)
    }
    try writer.flush(to: file, all: true)
    try file.commit()
  }
}

extension JSONTextWriter {
  /// Appends the details of a label as further members of its record.
  fileprivate mutating func append(_ details: LabelDetails) {
    for (name, words) in [
      (",\"alternatives\":[" as StaticString, details.alternatives),
      (",\"parents\":[", details.parents),
    ] where !words.isEmpty {
      append(name)
      for (index, word) in words.enumerated() {
        if index > 0 { append(",") }
        appendString(word)
      }
      append("]")
    }
    for (name, word) in [
      (",\"notation\":" as StaticString, details.notation), (",\"language\":", details.language),
    ] {
      guard let word else { continue }
      append(name)
      appendString(word)
    }
  }
}
