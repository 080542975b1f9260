import Datasets
import Logging
public import Models
import Storage

/// The runs of a service's model, which are opened again when they are replaced.
public struct ModelSource: Sendable {
  /// The run, or the folder of an ensemble.
  public var run: RunFolder
  /// Runs whose scores are averaged with those of `run`.
  public var others: [RunFolder]
  /// The multiple of a label's log prior that is subtracted from its score.
  public var logitAdjustment: Double
  /// The number of the first dimensions of the embeddings to use; nil for all.
  public var dimensions: Int?
  /// The number of threads to compute with; nil means as in training.
  public var threads: Int?
  /// The data set to search for similar documents; nil for none.
  public var documents: String?

  /// Refers to a run without opening it.
  public init(
    run: RunFolder, others: [RunFolder] = [], logitAdjustment: Double = 0,
    dimensions: Int? = nil, threads: Int? = nil, documents: String? = nil
  ) {
    self.run = run
    self.others = others
    self.logitAdjustment = logitAdjustment
    self.dimensions = dimensions
    self.threads = threads
    self.documents = documents
  }

  /// The current state of the runs' folders.
  var stamps: [RunFolder.Stamp] {
    // Opening reports a damaged list of members.
    ([run] + others).flatMap { (try? $0.members()) ?? [$0] }.map { $0.stamp() }
  }

  /// Opens the runs and reads the documents.
  ///
  /// - Throws: `InputError`, `FileError`, `TorchError`; also if a run is replaced meanwhile.
  func open() throws -> OpenedModel {
    let stamps = stamps
    let whole = try TrainedModel.opening([run] + others, threads: threads)
      .adjusted(byLogPrior: logitAdjustment)
    let model = try dimensions.map(whole.truncated(to:)) ?? whole
    let opened = try OpenedModel(
      model, documents: documents.map { try Dataset.read($0).documents }, stamps: stamps)
    guard self.stamps == stamps else {
      throw InputError(
        file: run.path, reason: "the run was replaced while it was being opened",
        expected: "a folder that is not being written to")
    }
    return opened
  }
}

extension Logger {
  /// Warns of stored labels that are not ranked.
  func warn(of labels: [OpenedModel.UnusableLabel]) {
    for label in labels {
      warning(
        "this model cannot rank a label that was added earlier; the label stays stored",
        metadata: ["label": "\(label.id)", "reason": "\(label.reason)"])
    }
  }
}
