import Foundation
import Storage

/// The epoch of a run whose model to use.
public enum KeptEpoch: String, Hashable, Sendable, CaseIterable {
  /// The best epoch on the validation part; the last one if none was held out.
  case best
  /// The last epoch.
  case last
}

/// The folder that training writes and all later commands read.
///
///     configuration.json       all settings, before the first step
///     dataset.json             name and content hash of the data set
///     labels.json              the labels' names, in the order of the model's rows
///     label-texts.json         the labels' texts in the same order, if there are any
///     counts.json              the number of training documents with each label
///     vocabulary.bin           the features, in the order of the table's rows
///     transformer/             the pretrained checkpoint, if there is one; without its weights if
///                              they were trained, because these are part of the model
///     defaults.json            the defaults that were chosen by the data; deleted at the end, as
///                              run.json contains them
///     start.json               the encoder whose word vectors training began with; deleted at the
///                              end, as run.json contains it
///     checkpoint.safetensors   the training state; deleted at the end
///     checkpoint-*.safetensors the same of several processes, a file of each, and checkpoint.json,
///                              their list; deleted at the end
///     teacher.csr              the teacher's scores of the training documents; deleted at the end
///     bags-*.csr               the features of the training texts; deleted at the end
///     vectors-*.safetensors    the vectors of the training texts if they cannot be cached next to
///                              the data set; deleted at the end
///     best.safetensors         the best model so far, if a validation part is held out
///     model.safetensors        the result
///     embeddings.safetensors   the vectors of all labels, as prediction uses them
///     candidates.json          the labels that are ranked by their texts alone, with --vocabulary
///     candidates.safetensors   their vectors and their bias
///     last-candidates.safetensors   the same by the last epoch's model
///     memory.index             the embeddings of the training documents, with --memory
///     memory.csr               their labels
///     last.safetensors         the last epoch's model, if a validation part is held out
///     last-embeddings.safetensors   its vectors of all labels
///     last-memory.index        its embeddings of the training documents, with --memory
///     metrics.jsonl            one line per epoch
///     calibration.json         probabilities and thresholds; only after decant calibrate
///     run.json                 versions, times, memory, checksums of the files above; written
///                              last, as the mark of a complete run
///     report.html              a report page; only after decant report
public struct RunFolder: Hashable, Sendable {
  /// The folder's path.
  public let path: String

  /// Refers to a folder without accessing it.
  public init(path: String) { self.path = path }

  /// The settings.
  public var configuration: String { path + "/configuration.json" }
  /// The identity of the data set.
  public var dataset: String { path + "/dataset.json" }
  /// The labels.
  public var labels: String { path + "/labels.json" }
  /// The labels' texts, if there are any.
  public var labelTexts: String { path + "/label-texts.json" }
  /// The number of training documents with each label.
  public var counts: String { path + "/counts.json" }
  /// The features.
  public var vocabulary: String { path + "/vocabulary.bin" }
  /// The defaults that were chosen by the data, until run.json contains them.
  package var chosenDefaults: String { path + "/defaults.json" }
  /// The encoder whose word vectors training began with, until run.json contains it.
  package var start: String { path + "/start.json" }
  /// The training state.
  public var checkpoint: String { path + "/checkpoint.safetensors" }
  /// The list of the training states of several processes.
  package var shardedCheckpoint: String { path + "/checkpoint.json" }
  /// Whether there is a training state to continue from.
  package var hasCheckpoint: Bool { has(checkpoint) || has(shardedCheckpoint) }
  /// The teacher's scores of the training documents; deleted at the end of training.
  package var teacher: String { path + "/teacher.csr" }
  /// The best model so far.
  public var best: String { path + "/best.safetensors" }
  /// The result.
  public var model: String { path + "/model.safetensors" }
  /// The vectors of all labels.
  public var labelEmbeddings: String { path + "/embeddings.safetensors" }
  /// The last epoch's model, if a validation part is held out.
  public var last: String { path + "/last.safetensors" }
  /// The vectors of all labels in the last epoch.
  public var lastLabelEmbeddings: String { path + "/last-embeddings.safetensors" }
  /// The model of a saved epoch.
  package func model(of epoch: KeptEpoch) -> String { epoch == .best ? model : last }
  /// The vectors of all labels in a saved epoch.
  package func labelEmbeddings(of epoch: KeptEpoch) -> String {
    epoch == .best ? labelEmbeddings : lastLabelEmbeddings
  }
  /// The embeddings of the training documents by the model of a saved epoch.
  package func memory(of epoch: KeptEpoch) -> String {
    path + (epoch == .best ? "/memory.index" : "/last-memory.index")
  }
  /// The labels that are ranked by their texts alone.
  var untrainedLabels: String { path + "/candidates.json" }
  /// Their vectors and bias by the model of a saved epoch.
  func untrainedVectors(of epoch: KeptEpoch) -> String {
    path + (epoch == .best ? "/candidates.safetensors" : "/last-candidates.safetensors")
  }
  /// The labels of the training documents.
  package var memoryLabels: String { path + "/memory.csr" }
  /// One line per epoch.
  public var metrics: String { path + "/metrics.jsonl" }
  /// Versions, times, memory.
  public var record: String { path + "/run.json" }

  /// The feature bags of one part of the data; deleted at the end of training.
  package func bags(_ part: String) -> String { path + "/bags-\(part).csr" }

  /// The vectors of one column of texts; deleted at the end of training.
  package func vectors(_ column: String) -> String { path + "/vectors-\(column).safetensors" }

  /// The pretrained checkpoint.
  var transformer: String { path + "/transformer" }
  /// The initial weights for fine-tuning a transformer; deleted at the end of training.
  var initialTransformer: String { transformer + "/initial.safetensors" }

  /// Whether `file` exists.
  public func has(_ file: String) -> Bool { FileManager.default.fileExists(atPath: file) }

  /// Whether training has finished.
  public var isComplete: Bool { has(record) }

  /// Whether the folder contains files that no training run wrote.
  public var isForeign: Bool {
    !has(configuration) && names(in: path).contains { !$0.contains(Self.partialMark) }
  }

  /// Creates the folder.
  ///
  /// - Throws: `FileError` if it cannot be created.
  public func create() throws { try makeFolder(path) }

  /// Creates the folder, or checks that files can be made in it.
  ///
  /// - Returns: whether it is new.
  /// - Throws: `FileError` if it cannot be created or written.
  package func createForWriting() throws -> Bool {
    let isNew = !has(path)
    try create()
    guard access(path, W_OK | X_OK) == 0 else {
      throw FileError(path: path, action: "write to", code: errno)
    }
    return isNew
  }

  /// Removes files needed only during training, and partial files left by killed processes.
  public func clean() {
    for name in [
      chosenDefaults, start, checkpoint, shardedCheckpoint, teacher, best, initialTransformer,
    ] {
      unlink(name)
    }
    for name in fileNames
    where isBags(name) || isVectors(name) || Self.isCheckpointPart(name) {
      unlink(path + "/" + name)
    }
    for folder in [path, transformer] { removeAbandonedDrafts(in: folder) }
  }

  /// Removes the files written before the first step, and the folder if it is then empty.
  package func discardPreparation() {
    clean()
    for name in [vocabulary, labels, labelTexts, counts, dataset, configuration] { unlink(name) }
    // The run created this folder, so it is removed whole.
    do { try FileManager.default.removeItem(atPath: transformer) } catch {}
    rmdir(path)
  }

  /// Whether a path is that of an incomplete file.
  func isPartial(_ file: String) -> Bool { file.contains(Self.partialMark) }

  /// The marker of incomplete files in the names given by `AtomicFile`.
  private static let partialMark = ".partial-"

  /// The names of the folder's files and folders.
  package var fileNames: [String] { names(in: path) }

  /// Whether a file is one process's part of a checkpoint.
  package static func isCheckpointPart(_ name: String) -> Bool {
    name.hasPrefix("checkpoint-") && name.hasSuffix(".safetensors")
  }

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

  package func writeMetrics(_ history: [EpochRecord]) throws {
    var text = ""
    for record in history {
      text += String(decoding: try JSONEncoder.stable.encode(record), as: UTF8.self) + "\n"
    }
    try writeAtomically(text, to: metrics)
  }

  /// The settings of the run.
  ///
  /// - Throws: `InputError` if they are damaged or invalid, `FileError`.
  public func readConfiguration() throws -> TrainingConfiguration {
    let settings =
      isComplete
      ? try RunFiles(self).read(TrainingConfiguration.self, from: configuration)
      : try read(TrainingConfiguration.self, from: configuration)
    try settings.check(file: configuration)
    return settings
  }

  /// Writes a value as indented JSON.
  package func write(_ value: some Encodable, to file: String) throws {
    try writeAtomically(
      String(decoding: try JSONEncoder.readable.encode(value), as: UTF8.self) + "\n", to: file)
  }

  /// Reads a value from JSON.
  package func read<T: Decodable>(_ type: T.Type, from file: String) throws -> T {
    try decodeJSON(
      type, from: MappedFile(path: file).withBytes { Data($0) }, file: file)
  }
}
