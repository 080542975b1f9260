import Datasets
import Foundation
import Torch

/// The features of one run: learnt once, kept in the run's folder, with the training's bags in
/// memory-mapped files beside them.
final class TextFeatureStore {
  private let configuration: TextFeatures.Configuration
  private let folder: RunFolder
  private let threads: Int
  private let hasBags: Bool
  private var features: TextFeatures?

  /// The features' file, where they were learnt already.
  private let file: MappedFile?

  /// Opens the features that an unfinished run has learnt already, if it has.
  convenience init(_ configuration: TrainingConfiguration, folder: RunFolder) throws {
    try self.init(
      configuration, folder: folder,
      file: folder.has(folder.vocabulary) ? MappedFile(path: folder.vocabulary) : nil)
  }

  /// Opens the features of a finished run.
  convenience init(_ configuration: TrainingConfiguration, files: RunFiles) throws {
    let folder = files.folder
    try self.init(
      configuration, folder: folder,
      file: configuration.hasBags || folder.has(folder.vocabulary)
        ? files.open(folder.vocabulary) : nil)
  }

  private init(_ configuration: TrainingConfiguration, folder: RunFolder, file: MappedFile?) throws
  {
    self.configuration = configuration.features
    self.folder = folder
    self.file = file
    threads = configuration.threads
    hasBags = configuration.hasBags
    features = try file.map(TextFeatures.init(file:))
  }

  /// Whether both make the same features of a text.
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
  var count: Int { features?.vocabulary.count ?? 0 }

  /// Learns the features of the documents in `rows`, unless that is done.
  func fit(_ documents: Documents, rows: MappedArray<Int32>) throws {
    guard hasBags, features == nil else { return }
    let learnt =
      switch documents.content {
      case .texts(let texts):
        try TextFeatures(
          learningFrom: SelectedTexts(texts: texts, rows: rows), configuration: configuration,
          threads: threads)
      case .features(let matrix, let names):
        try TextFeatures(
          learningFrom: matrix.selecting(rows: rows.map(Int.init)), names: names,
          configuration: configuration)
      }
    guard learnt.vocabulary.count > 0 else {
      throw InputError(
        file: "training documents",
        reason: "no feature occurs in \(configuration.minimumDocumentCount) documents",
        expected: "more documents, or texts with words in common")
    }
    try learnt.write(to: folder.vocabulary)
    features = learnt
  }

  /// Whether the end of `text` does not count, because there are too many words before it.
  func cuts(_ text: String) -> Bool { features?.isCut(text) ?? false }

  /// A sentence on the texts in `rows` whose ends do not count; nil where there are none.
  func cutNote(_ documents: Documents, rows: MappedArray<Int32>) -> String? {
    guard hasBags else { return nil }
    let cut = configuration.cutTexts(of: documents, rows: rows.lazy.map(Int.init))
    return configuration.note(onCutTexts: cut.map { documents.ids[$0] })
  }

  /// The bags of the documents in `rows`.
  ///
  /// - Parameter name: keeps them in the run's folder under this name until the training is over,
  ///   so that they take no memory of their own and a resumed training finds them.
  func bags(of documents: Documents, rows: MappedArray<Int32>, as name: String? = nil) throws
    -> CSRMatrix
  {
    guard hasBags else { return Self.empty(count: rows.count) }
    return try kept(as: name) {
      switch documents.content {
      case .texts(let texts):
        try learnt.bags(of: SelectedTexts(texts: texts, rows: rows), threads: threads)
      case .features(let matrix, let names):
        try learnt.bags(of: matrix.selecting(rows: rows.map(Int.init)), names: names)
      }
    }
  }

  /// The bags of `texts`, in whichever normal form they are; see the form for documents.
  func bags(ofTexts texts: [String], as name: String? = nil) throws -> CSRMatrix {
    guard hasBags else { return Self.empty(count: texts.count) }
    return try kept(as: name) {
      try learnt.bags(of: texts.map(\.normalizedToNFC), threads: threads)
    }
  }

  /// The bags of a model that embeds texts without them.
  private static func empty(count: Int) -> CSRMatrix {
    CSRMatrix(
      rowOffsets: MappedArray([Int64](repeating: 0, count: count + 1)), columns: MappedArray([]),
      values: MappedArray([]), columnCount: 0)
  }

  private var learnt: TextFeatures {
    get throws {
      guard let features else {
        throw InputError(file: folder.vocabulary, reason: "the run has no vocabulary")
      }
      return features
    }
  }

  private func kept(as name: String?, _ make: () throws -> CSRMatrix) throws -> CSRMatrix {
    guard let name else { return try make() }
    let path = folder.bags(name)
    if !folder.has(path) { try CSRFile.write(try make(), to: path) }
    return try CSRFile.read(path)
  }
}

/// Some of a column's texts, decoded when they are read.
private struct SelectedTexts: RandomAccessCollection, Sendable {
  let texts: TextColumn
  let rows: MappedArray<Int32>

  var startIndex: Int { 0 }
  var endIndex: Int { rows.count }
  subscript(position: Int) -> String { texts[Int(rows[position])] }
}
