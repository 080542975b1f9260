package import Datasets
import Storage

extension RunFolder {
  /// Writes the texts of the labels as a JSON list in the order of the names, null for a label without
  /// one; nothing if no label has a text.
  ///
  /// - Throws: `FileError` if the file cannot be written.
  package func write(labelTexts texts: TextColumn?) throws {
    guard let texts else { return }
    let file = try AtomicFile(path: labelTexts)
    var writer = JSONTextWriter()
    writer.append("[")
    for index in texts.indices {
      if index > 0 { writer.append(",") }
      writer.append("\n  ")
      if texts.isMissing(at: index) {
        writer.append("null")
      } else {
        writer.appendString(texts[index])
      }
      try writer.flush(to: file)
    }
    writer.append("\n]\n")
    try writer.flush(to: file, all: true)
    try file.commit()
  }
}

extension RunFiles {
  /// The texts of `count` labels; nil if the run has none, as runs of older versions.
  ///
  /// - Throws: `InputError` if the file is damaged, `FileError`.
  func labelTexts(count: Int) throws -> TextColumn? {
    let path = folder.labelTexts
    guard folder.has(path) else { return nil }
    let texts = try TextColumn(listIn: open(path), path: path)
    guard texts.count == count else {
      throw InputError(
        file: path, reason: "\(texts.count) texts", expected: "one for each of the \(count) labels")
    }
    return texts
  }
}
