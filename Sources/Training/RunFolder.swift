import Foundation
import Torch

/// Which epoch's model of a run to take.
public enum KeptEpoch: String, Hashable, Sendable, CaseIterable {
  /// The one that ranked the validation part best; the last one where none was held out.
  case best
  /// The last one.
  case last
}

/// The folder that a training fills and everything later reads.
///
///     configuration.json       every setting, before the first step
///     dataset.json             name and content hash of the data set
///     labels.json              the labels' names, in the order of the model's rows
///     counts.json              how many training documents have each label
///     vocabulary.bin           the features, in the order of the table's rows
///     transformer/             the pretrained checkpoint, where there is one; without its weights
///                              where they were trained, as these are in the model
///     checkpoint.safetensors   where the training stands; gone when it is over
///     bags-*.csr               the features of the training's texts; gone when it is over
///     vectors-*.safetensors    the vectors of the training's texts, where they cannot be kept beside
///                              the data set; gone when it is over
///     best.safetensors         the best model so far, where a validation part is held out
///     model.safetensors        the result
///     embeddings.safetensors   the vectors of all labels, as prediction uses them
///     last.safetensors         the last epoch's model, where a validation part is held out
///     last-embeddings.safetensors   its vectors of all labels
///     metrics.jsonl            one line an epoch
///     calibration.json         probabilities and thresholds; only after decant calibrate
///     run.json                 versions, times, memory, check sums of the files above; written last:
///                              the run is complete
///     report.html              a page about it; only after decant report
public struct RunFolder: Hashable, Sendable {
  /// The folder's path.
  public let path: String

  /// Names a folder; nothing is touched.
  public init(path: String) { self.path = path }

  /// The settings.
  public var configuration: String { path + "/configuration.json" }
  /// Which data set it is.
  public var dataset: String { path + "/dataset.json" }
  /// The labels.
  public var labels: String { path + "/labels.json" }
  /// How many training documents have each label.
  public var counts: String { path + "/counts.json" }
  /// The features.
  public var vocabulary: String { path + "/vocabulary.bin" }
  /// Where the training stands.
  public var checkpoint: String { path + "/checkpoint.safetensors" }
  /// The best model so far.
  public var best: String { path + "/best.safetensors" }
  /// The result.
  public var model: String { path + "/model.safetensors" }
  /// The vectors of all labels.
  public var labelEmbeddings: String { path + "/embeddings.safetensors" }
  /// The last epoch's model, where a validation part is held out.
  public var last: String { path + "/last.safetensors" }
  /// The vectors of all labels in the last epoch.
  public var lastLabelEmbeddings: String { path + "/last-embeddings.safetensors" }
  /// The model of an epoch that is kept.
  func model(of epoch: KeptEpoch) -> String { epoch == .best ? model : last }
  /// The vectors of all labels in an epoch that is kept.
  func labelEmbeddings(of epoch: KeptEpoch) -> String {
    epoch == .best ? labelEmbeddings : lastLabelEmbeddings
  }
  /// One line an epoch.
  public var metrics: String { path + "/metrics.jsonl" }
  /// Versions, times, memory.
  public var record: String { path + "/run.json" }

  /// The bags of features of one part of the data; gone when the training is over.
  func bags(_ part: String) -> String { path + "/bags-\(part).csr" }

  /// The vectors of one column of texts; gone when the training is over.
  func vectors(_ column: String) -> String { path + "/vectors-\(column).safetensors" }

  /// The pretrained checkpoint.
  var transformer: String { path + "/transformer" }
  /// The weights that the training of a transformer begins with; gone when it is over.
  var initialTransformer: String { transformer + "/initial.safetensors" }

  /// Whether `file` is there.
  public func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: file) }

  /// Whether the training is over.
  public var isComplete: Bool { has(record) }

  /// Whether the folder holds files although no training was ever begun in it.
  public var isForeign: Bool {
    !has(configuration) && names(in: path).contains { !$0.contains(Self.partialMark) }
  }

  /// Makes the folder.
  ///
  /// - Throws: `FileError` when it cannot be made.
  public func create() throws { try makeFolder(path) }

  /// Removes what only an unfinished training needs, and what a killed one left half-written.
  public func clean() {
    for name in [checkpoint, best, initialTransformer] { unlink(name) }
    for name in names(in: path) where isBags(name) || isVectors(name) {
      unlink(path + "/" + name)
    }
    for folder in [path, transformer] { removeAbandonedDrafts(in: folder) }
  }

  /// Removes all that the preparation of a training leaves, and the folder if nothing else is in it.
  func discardPreparation() {
    clean()
    for name in [vocabulary, labels, counts, dataset, configuration] { unlink(name) }
    // Made by the run as a whole.
    do { try FileManager.default.removeItem(atPath: transformer) } catch {}
    rmdir(path)
  }

  /// Whether a path is of a file that is being written.
  func isPartial(_ file: String) -> Bool { file.contains(Self.partialMark) }

  /// What `AtomicFile` has in the names of files that are not complete.
  private static let partialMark = ".partial-"

  private func isBags(_ name: String) -> Bool { name.hasPrefix("bags-") && name.hasSuffix(".csr") }

  private func isVectors(_ name: String) -> Bool {
    name.hasPrefix("vectors-") && name.hasSuffix(".safetensors")
  }

  private func names(in folder: String) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      return []
    }
  }

  func writeMetrics(_ history: [EpochRecord]) throws {
    var text = ""
    for record in history {
      text += String(decoding: try JSONEncoder.stable.encode(record), as: UTF8.self) + "\n"
    }
    try writeAtomically(text, to: metrics)
  }

  /// The settings of the run.
  ///
  /// - Throws: `InputError` when they are damaged or impossible, `FileError`.
  public func readConfiguration() throws -> TrainingConfiguration {
    let settings =
      isComplete
      ? try RunFiles(self).read(TrainingConfiguration.self, from: configuration)
      : try read(TrainingConfiguration.self, from: configuration)
    try settings.check(file: configuration)
    return settings
  }

  /// Writes a value as indented JSON.
  func write(_ value: some Encodable, to file: String) throws {
    try writeAtomically(
      String(decoding: try JSONEncoder.readable.encode(value), as: UTF8.self) + "\n", to: file)
  }

  /// Reads a value from JSON.
  func read<T: Decodable>(_ type: T.Type, from file: String) throws -> T {
    try decodeJSON(
      type, from: MappedFile(path: file).withBytes { Data($0) }, file: file)
  }
}
