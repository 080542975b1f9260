import Datasets
public import Models
import Storage
import Torch

extension Trainer {
  /// Calibrates the finished run of this trainer, and stores the result in its folder.
  ///
  /// A run with a validation part that it did not learn from is calibrated on that. Any other run is
  /// calibrated on training documents, by the scores of models that are trained without them; see
  /// `HeldOutCalibration`. The run's model stays as it is.
  ///
  /// - Parameters:
  ///   - opened: the run's model, if it is open already.
  ///   - progress: shows the trainings.
  ///   - isInterrupted: checked before each step.
  /// - Returns: the calibration, and remarks on the data for the reader.
  /// - Throws: `InputError` if the run is merged or learnt from a teacher, whose scores know all
  ///   documents, if the data has changed since, or if it has too few documents; `FileError`; the
  ///   errors of training; `TrainingError.interruptedInCalibration`.
  public func calibrate(
    _ opened: TrainedModel? = nil, _ settings: RunCalibration.Settings = .init(),
    progress: ProgressBar? = nil,
    isInterrupted: () -> Bool = { false }
  ) throws -> (calibration: RunCalibration, notes: [String]) {
    if followsData {
      return try settled().calibrate(
        opened, settings, progress: progress, isInterrupted: isInterrupted)
    }
    let model = try opened ?? TrainedModel(folder: folder, threads: configuration.threads)
    guard !model.record.hasUnseenValidation else { return try model.calibrate(settings) }
    try model.refuseUnlessCalibratable()
    guard configuration.teacher == nil, model.record.mergedRuns == nil else {
      throw InputError(
        file: folder.path,
        reason: configuration.teacher == nil
          ? "a merged model cannot be trained again without some of its documents"
          : "the model's teacher was trained on the documents that would be held out",
        expected: "a run trained with --patience, which holds out a validation part")
    }
    let begun = ResourceUsage.now().cpuSeconds
    let feedback = try configuration.feedback.map(FeedbackFile.init(contentsOf:))
    let dataset = try renumbered(
      loadDataset(feedback: feedback, progress: nil), after: startingPoint())
    try DatasetIdentity(dataset, feedback: feedback).keep(in: folder, path: configuration.dataset)
    let scores = try Runtime.withThreads(configuration.threads) {
      try HeldOutCalibration(configuration, decantVersion: decantVersion)
        .scores(of: dataset, progress: progress, isInterrupted: isInterrupted)
    }
    let cpuSeconds = ResourceUsage.now().cpuSeconds - begun
    let notes = configuration.initial.map {
      "the probabilities are right only if \($0) was not trained on these documents"
    }
    return (
      try model.calibrate(settings, to: scores, cpuSeconds: cpuSeconds),
      [notes].compactMap(\.self)
    )
  }
}
