import Storage

/// Caches the splits of a dataset folder in binary form, so that the next read maps them.
///
/// The files are in the folder's `cache` and named by the content hash of the text files that they
/// were made from; files with other hashes are ignored. A cache that cannot be read or written is
/// not an error: the text files are authoritative.
struct SplitCache {
  let folder: String
  let contentHash: UInt64

  /// The cached split `name`, or nil.
  func split(_ name: String, _ counts: (documents: Int, labels: Int)) -> Split? {
    do {
      let documents = try CSRFile.read(path(name, "documents"))
      let labels = try CSRFile.read(path(name, "labels"))
      guard documents.columnCount == counts.documents, labels.columnCount == counts.labels,
        documents.entryCount == labels.rowCount
      else { return nil }
      return Split(documentIndices: documents.columns, labels: labels)
    } catch {
      return nil
    }
  }

  /// Caches `split` under `name` and removes the files of earlier contents.
  func keep(_ split: Split, as name: String, _ counts: (documents: Int, labels: Int)) {
    do {
      try Folder.make(folder)
      for name in try Folder.names(folder) ?? []
      where name.hasSuffix(".csr") && !name.hasSuffix(suffix) {
        try Folder.removeIfPresent("\(folder)/\(name)")
      }
      let documents = CSRMatrix(
        rowOffsets: MappedArray([0, Int64(split.count)]), columns: split.documentIndices,
        columnCount: counts.documents)
      try CSRFile.write(documents, to: path(name, "documents"))
      try CSRFile.write(split.labels, to: path(name, "labels"))
    } catch {
      // Without a cache only the next read takes longer.
    }
  }

  private var suffix: String { "-\(String(contentHash, radix: 16)).csr" }
  private func path(_ name: String, _ part: String) -> String {
    "\(folder)/\(name)-\(part)\(suffix)"
  }
}
