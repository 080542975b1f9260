package import Datasets
import Foundation
package import Storage
import Synchronization

/// The features of a run, fitted once and stored in its folder, with the training bags in
/// memory-mapped files next to them.
package final class TextFeatureStore: Sendable {
  private let configuration: TextFeatures.Configuration
  private let folder: RunFolder
  private let threads: Int
  private let hasBags: Bool
  private let features: Mutex<TextFeatures?>

  /// The features' file, if they are fitted already.
  private let file: MappedFile?

  /// Opens the features of an unfinished run, if it has fitted them already.
  package convenience init(_ configuration: TrainingConfiguration, folder: RunFolder) throws {
    try self.init(
      configuration, folder: folder,
      file: folder.has(folder.vocabulary) ? MappedFile(path: folder.vocabulary) : nil,
      threads: configuration.threads)
  }

  /// Opens the features of a finished run.
  package convenience init(
    _ configuration: TrainingConfiguration, files: RunFiles, threads: Int
  ) throws {
    let folder = files.folder
    try self.init(
      configuration, folder: folder,
      file: configuration.hasBags || folder.has(folder.vocabulary)
        ? files.open(folder.vocabulary) : nil,
      threads: threads)
  }

  private init(
    _ configuration: TrainingConfiguration, folder: RunFolder, file: MappedFile?, threads: Int
  ) throws {
    self.configuration = configuration.features
    self.folder = folder
    self.file = file
    self.threads = threads
    hasBags = configuration.hasBags
    features = Mutex(try file.map(TextFeatures.init(file:)))
  }

  /// Whether both extract the same features from a text.
  func isSame(as other: TextFeatureStore) -> Bool {
    if self === other { return true }
    guard let file, let theirs = other.file else { return false }
    return file.withBytes { own in
      theirs.withBytes {
        own.count == $0.count
          && (own.isEmpty || memcmp(own.baseAddress!, $0.baseAddress!, own.count) == 0)
      }
    }
  }

  /// The number of features.
  package var count: Int { fitted?.vocabulary.count ?? 0 }

  /// Fits the features to the documents in `rows`, unless they are fitted already.
  ///
  /// - Parameter earlier: features to add them to; nil for none.
  package func fit(
    _ documents: Documents, rows: MappedArray<Int32>, extending earlier: TextFeatures? = nil
  ) throws {
    guard hasBags, fitted == nil else { return }
    let learnt = try TextFeatures(
      learningFrom: documents, rows: rows, configuration: configuration, extending: earlier,
      threads: threads)
    try learnt.write(to: folder.vocabulary)
    features.withLock { $0 = learnt }
  }

  /// Stores features that are known already, and the bags of the training documents, unless the run
  /// has its own.
  ///
  /// - Parameter name: as for `bags(of:rows:as:)`.
  package func adopt(_ known: TextFeatures, bags: CSRMatrix, as name: String) throws {
    guard hasBags, fitted == nil, known.configuration == configuration else { return }
    try known.write(to: folder.vocabulary)
    features.withLock { $0 = known }
    _ = try kept(as: name) { bags }
  }

  /// Whether `text` is truncated because it has too many words.
  func cuts(_ text: String) -> Bool { fitted?.isCut(text) ?? false }

  /// A remark about the texts in `rows` that are truncated; nil if there are none.
  package func cutNote(_ documents: Documents, rows: MappedArray<Int32>) -> String? {
    guard hasBags else { return nil }
    let cut = configuration.cutTexts(of: documents, rows: rows.lazy.map(Int.init))
    return configuration.note(onCutTexts: cut.map { documents.ids[$0] })
  }

  /// The bags of the documents in `rows`.
  ///
  /// - Parameter name: stores the bags in the run's folder under this name during training, so that
  ///   they are memory-mapped and a resumed run finds them.
  package func bags(of documents: Documents, rows: MappedArray<Int32>, as name: String? = nil)
    throws
    -> CSRMatrix
  {
    guard hasBags else { return Self.empty(count: rows.count) }
    return try kept(as: name) {
      try learnt.bags(of: documents, rows: rows, threads: threads)
    }
  }

  /// The bags of `texts`, in any normal form; see the method for documents.
  package func bags(ofTexts texts: [String], as name: String? = nil) throws -> CSRMatrix {
    guard hasBags else { return Self.empty(count: texts.count) }
    return try kept(as: name) {
      try learnt.bags(of: texts.map(\.normalizedToNFC), threads: threads)
    }
  }

  /// The words among the features, found in the documents in `rows`.
  package func words(of documents: Documents, rows: MappedArray<Int32>) throws
    -> [TextFeatures.KnownWord]
  {
    guard hasBags, let texts = documents.texts else { return [] }
    return try learnt.words(in: texts, rows: rows)
  }

  /// The empty bags of a model that does not use them.
  private static func empty(count: Int) -> CSRMatrix {
    CSRMatrix(
      rowOffsets: MappedArray([Int64](repeating: 0, count: count + 1)), columns: MappedArray([]),
      values: MappedArray([]), columnCount: 0)
  }

  /// The features, if they are fitted.
  package var fitted: TextFeatures? { features.withLock { $0 } }

  private var learnt: TextFeatures {
    get throws {
      guard let fitted else {
        throw InputError(file: folder.vocabulary, reason: "the run has no vocabulary")
      }
      return fitted
    }
  }

  private func kept(as name: String?, _ make: () throws -> CSRMatrix) throws -> CSRMatrix {
    guard let name else { return try make() }
    let path = folder.bags(name)
    if !folder.has(path) { try CSRFile.write(try make(), to: path) }
    return try CSRFile.read(path)
  }
}
