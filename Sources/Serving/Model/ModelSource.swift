import Datasets
import Logging
import Torch
public import Training

/// Where a service's model comes from, so that it can be opened again when the run is replaced.
public struct ModelSource: Sendable {
  /// The run.
  public var run: RunFolder
  /// Runs whose scores are averaged with its own.
  public var others: [RunFolder]
  /// How much of a label's log prior is taken off its score.
  public var logitAdjustment: Double
  /// How many threads to compute with; nil is as many as in training.
  public var threads: Int?
  /// The data set whose documents are searched for similar ones; nil for none.
  public var documents: String?

  /// Names a run; nothing is opened.
  public init(
    run: RunFolder, others: [RunFolder] = [], logitAdjustment: Double = 0, threads: Int? = nil,
    documents: String? = nil
  ) {
    self.run = run
    self.others = others
    self.logitAdjustment = logitAdjustment
    self.threads = threads
    self.documents = documents
  }

  /// What lies in the runs' folders now.
  var stamps: [RunStamp] { ([run] + others).map(RunStamp.init) }

  /// Opens the runs and reads the documents.
  ///
  /// - Throws: `InputError`, `FileError`, `TorchError`; also when a run is replaced meanwhile.
  func open() throws -> OpenedModel {
    let stamps = stamps
    let model = try TrainedModel(folder: run, threads: threads)
      .averaged(with: others.map { try TrainedModel(folder: $0, threads: threads) })
      .adjusted(byLogPrior: logitAdjustment)
    let opened = try OpenedModel(
      model, documents: documents.map { try Dataset.read($0).documents }, stamps: stamps)
    guard self.stamps == stamps else {
      throw InputError(
        file: run.path, reason: "the run was replaced while it was being opened",
        expected: "a folder that nobody is writing into")
    }
    return opened
  }
}

extension Logger {
  /// Warns of labels that are kept and not ranked.
  func warn(of labels: [OpenedModel.UnusableLabel]) {
    for label in labels {
      warning(
        "a label that was added earlier cannot be ranked by this model; it is kept",
        metadata: ["label": "\(label.id)", "reason": "\(label.reason)"])
    }
  }
}
