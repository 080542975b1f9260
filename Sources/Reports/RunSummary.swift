import Extreme
import Foundation
public import Models
import Storage

/// A one-line summary of a run.
public struct RunSummary: Codable, Hashable, Sendable {
  /// The progress of a run.
  public enum State: String, Codable, Sendable {
    /// Ready to predict.
    case finished
    /// Running, interrupted or killed.
    case unfinished
    /// A file is missing or unreadable.
    case damaged
  }

  /// The run's folder.
  public var path: String
  /// The progress of the run.
  public var state: State
  /// The fault of a damaged run, or the progress of an unfinished one.
  public var remark: String?
  /// The name of the data set.
  public var dataset: String?
  /// A hash of the data set's exact contents.
  public var datasetHash: String?
  /// The loss and the model in a few words.
  public var model: String?
  /// The number of completed epochs.
  public var epochs: Int?
  /// The selected epoch, from 1.
  public var keptEpoch: Int?
  /// Validation metrics of the selected epoch, in percent; nil if no validation part was held out.
  ///
  /// A run folder contains no test metrics.
  public var validation: [String: Double]?
  /// The training loss of that epoch.
  public var loss: Double?
  /// Wall-clock seconds of training.
  public var trainSeconds: Double?
  /// CPU seconds of training.
  public var trainCPUSeconds: Double?
  /// Peak resident memory in bytes.
  public var peakMemoryBytes: Int?
  /// The number of learnt parameters.
  public var parameters: Int?
  /// The total size of the folder in bytes.
  public var bytes: Int
  /// All settings by path.
  public var settings: [String: String]

  /// Reads as much as possible of a run's folder; never fails.
  public init(_ folder: RunFolder) {
    path = folder.path
    bytes = Self.size(of: folder.path)
    settings = [:]
    state = .damaged
    do {
      let configuration = try folder.readConfiguration()
      settings = Dictionary(
        FlatSettings.of(configuration).map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
      model = Self.words(configuration)
      let history = try folder.readMetrics()
      epochs = history.count
      if folder.has(folder.dataset) {
        let identity = try folder.read(DatasetIdentity.self, from: folder.dataset)
        (dataset, datasetHash) = (identity.name, identity.contentHash)
      }
      guard folder.isComplete else {
        state = .unfinished
        remark = "\(history.count) of \(configuration.loop.epochs) epochs"
        loss = history.last?.loss
        validation = history.last?.validation
        return
      }
      let record = try RunFiles(folder).record
      (dataset, datasetHash) = (record.dataset, record.datasetHash)
      keptEpoch = record.keptEpoch
      trainSeconds = record.trainSeconds
      trainCPUSeconds = record.trainCPUSeconds
      peakMemoryBytes = record.peakMemoryBytes
      parameters = record.parameters
      let kept = history.first { $0.epoch == record.keptEpoch }
      loss = kept?.loss
      validation = record.validationIsHeldOut ? kept?.validation : nil
      for file in [folder.labels, folder.model, folder.labelEmbeddings] where !folder.has(file) {
        remark = "\(URL(filePath: file).lastPathComponent) is missing"
        return
      }
      state = .finished
    } catch {
      remark = "\(error)"
    }
  }

  /// All runs at or below `path`, sorted by path, down to five levels.
  ///
  /// Symbolic links are not followed.
  ///
  /// - Throws: `FileError` if the folder does not exist.
  public static func all(below path: String) throws -> [RunSummary] {
    guard FileManager.default.fileExists(atPath: path) else {
      throw FileError(path: path, action: "open", code: ENOENT)
    }
    var found: [RunFolder] = []
    collect(path, depth: 5, into: &found)
    return found.sorted { $0.path < $1.path }.map { RunSummary($0) }
  }

  private static func collect(_ path: String, depth: Int, into found: inout [RunFolder]) {
    let folder = RunFolder(path: path)
    if folder.has(folder.configuration) || folder.has(folder.record) {
      found.append(folder)
      return
    }
    guard depth > 0 else { return }
    for name in entries(of: path) where !name.hasPrefix(".") {
      let inner = path + "/" + name
      if attributes(of: inner)?[.type] as? FileAttributeType == .typeDirectory {
        collect(inner, depth: depth - 1, into: &found)
      }
    }
  }

  private static func size(of path: String) -> Int {
    entries(of: path).reduce(0) { sum, name in
      let inner = path + "/" + name
      guard let facts = attributes(of: inner) else { return sum }
      return facts[.type] as? FileAttributeType == .typeDirectory
        ? sum + size(of: inner) : sum + ((facts[.size] as? NSNumber)?.intValue ?? 0)
    }
  }

  /// The names in a folder; empty if it cannot be read, because it may be deleted meanwhile.
  private static func entries(of path: String) -> [String] {
    do { return try FileManager.default.contentsOfDirectory(atPath: path).sorted() } catch {
      return []
    }
  }

  private static func attributes(of path: String) -> [FileAttributeKey: Any]? {
    do { return try FileManager.default.attributesOfItem(atPath: path) } catch { return nil }
  }

  private static func words(_ configuration: TrainingConfiguration) -> String {
    let encoder = configuration.model.encoder
    var words = [configuration.loss.name]
    words += [configuration.robust?.method.rawValue, configuration.imbalance?.method.rawValue]
      .compactMap { $0 }
    words.append("\(configuration.model.labels) labels")
    words.append(
      (encoder.hiddenDimensions + [encoder.dimension]).map(String.init).joined(separator: "–"))
    if configuration.transformer != nil { words.append("transformer") }
    if configuration.model.wide != nil { words.append("wide") }
    if configuration.memory != nil { words.append("memory") }
    if configuration.negatives != nil { words.append("negatives") }
    return words.joined(separator: ", ")
  }

  /// The value to compare runs by.
  ///
  /// - Parameter name: a validation metric, such as `nDCG@5`, or `loss`, `seconds`, `memory`,
  ///   `size`.
  public func value(of name: String) -> Double? {
    switch name {
    case "loss": loss
    case "seconds": trainSeconds
    case "memory": peakMemoryBytes.map(Double.init)
    case "size": Double(bytes)
    default: validation?[name]
    }
  }

  /// Whether larger values are better.
  public static func isBetterWhenLarger(_ name: String) -> Bool {
    !["loss", "seconds", "memory", "size"].contains(name)
  }
}
