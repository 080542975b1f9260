import Datasets
import Retrieval
import Storage

extension DocumentMemory {
  /// Writes the memory of a saved epoch into a run's folder.
  ///
  /// - Throws: `FileError`.
  package func write(to folder: RunFolder, for epoch: KeptEpoch) throws {
    try store.write(to: folder.memory(of: epoch))
    try CSRFile.write(labels, to: folder.memoryLabels)
  }

  /// Opens the memory of a saved epoch.
  ///
  /// - Throws: `InputError` if a file is damaged or belongs to another run, `FileError`.
  init(
    _ configuration: DocumentMemoryConfiguration, files: RunFiles, epoch: KeptEpoch, dimension: Int,
    labelCount: Int
  ) throws {
    let path = files.folder.memory(of: epoch)
    for file in [path, files.folder.memoryLabels] { _ = try files.open(file) }
    let store = try VectorStore(path: path)
    let labels = try CSRFile.read(files.folder.memoryLabels)
    guard store.dimension == dimension, store.metric == .cosine, store.removedCount == 0 else {
      throw InputError(
        file: path, reason: "vectors of \(store.dimension) numbers, compared by \(store.metric)",
        expected: "\(dimension) numbers, compared by cosine, as decant train wrote them")
    }
    guard labels.rowCount == store.rowCount, labels.columnCount == labelCount else {
      throw InputError(
        file: files.folder.memoryLabels,
        reason: "\(labels.rowCount) documents and \(labels.columnCount) labels",
        expected: "\(store.rowCount) documents, as in \(path), and \(labelCount) labels")
    }
    self.init(configuration, store: store, labels: labels)
  }
}
