import Datasets
import Evaluation
import Foundation
import Learning
import Torch

/// A finished run as a page to look at: how it was trained, how good it is and where it errs.
///
/// The page is one file without scripts and without anything from the network. It holds no times of
/// its own making, so that the same run gives the same bytes.
public struct RunReport {
  let model: TrainedModel
  /// One record an epoch.
  let history: [EpochRecord]
  /// The run was judged on these documents; nil where there were none to be had.
  let judged: JudgedDocuments?
  /// Why there are none.
  let reason: String?
  /// What a reader of the numbers should know.
  public let notes: [String]
  let quality: CalibrationPart
  let map: EmbeddingMap?

  /// Whether probabilities can be shown.
  enum CalibrationPart {
    /// The calibration judged on the documents of the report.
    case judged(RunCalibration.Quality, RunCalibration)
    /// The run can be calibrated.
    case possible
    /// The run held nothing out.
    case impossible
  }

  /// Judges a run and gathers what the page shows.
  ///
  /// - Parameters:
  ///   - split: the documents to judge on; nil is test, else validation, else none with the reason
  ///     on the page. Of a single file that the model was not trained on nil is all.
  ///   - datasetPath: the data set; nil is the one trained on.
  ///   - mapSize: how many documents the map shows at most.
  /// - Throws: `InputError` and `FileError` where a split or a data set that was asked for is not
  ///   there, or the run is damaged; `TorchError`.
  public init(
    _ model: TrainedModel, split: TrainedModel.SplitName? = nil, datasetPath: String? = nil,
    mapSize: Int = 2000
  ) throws {
    self.model = model
    history = try model.folder.readMetrics()
    // Of a data set that is named, evaluation itself knows what to take.
    let names: [TrainedModel.SplitName?] =
      split != nil || datasetPath != nil
      ? [split] : model.record.validationIsHeldOut ? [.test, .validation] : [.test]
    var found: JudgedDocuments?
    var refusal: String?
    for name in names where found == nil {
      do {
        found = try JudgedDocuments(model, split: name, datasetPath: datasetPath)
      } catch let error as InputError where split == nil && datasetPath == nil {
        refusal = refusal ?? "\(error)"
      } catch let error as FileError where split == nil && datasetPath == nil {
        refusal = refusal ?? "\(error)"
      }
    }
    judged = found
    reason = found == nil ? refusal : nil
    notes = (model.record.warnings ?? []) + (found?.report.notes ?? [])
    if let calibration = try model.calibration(), let found {
      // The calibration has seen the validation part: what was cross-fitted tells the truth there.
      quality = .judged(
        found.report.split == TrainedModel.SplitName.validation.rawValue
          ? calibration.crossFitted : try model.judge(found.report, by: calibration),
        calibration)
    } else {
      quality = model.record.validationIsHeldOut ? .possible : .impossible
    }
    map = try found.map { try EmbeddingMap(model, $0, size: mapSize) }
  }

  /// The whole page.
  public func html() -> String {
    let record = model.record
    var sections: [(id: String, title: String, content: Markup)] = [
      ("summary", "Summary", summarySection),
      ("training", "Training", trainingSection),
    ]
    if let judged {
      sections += [
        ("metrics", "Metrics", metricsSection(judged)),
        ("frequency", "Labels by frequency", frequencySection(judged)),
        ("calibration", "Calibration", calibrationSection),
        ("confusion", "Confusion", confusionSection(judged)),
        ("examples", "Examples", examplesSection(judged)),
      ]
      if let map { sections.append(("map", "Map", mapSection(map))) }
    }
    sections.append(("settings", "Settings", settingsSection))
    let page = ReportPage(
      title: URL(filePath: model.folder.path).lastPathComponent,
      subtitle: """
        A run of Decant \(record.decantVersion) on \(record.dataset): \(grouped(record.documents)) \
        documents, \(grouped(record.labels)) labels, \(grouped(record.parameters)) parameters.
        """,
      sections: sections)
    return page.html()
  }
}

extension RunFolder {
  /// The records of the epochs that are over; none where the file is missing.
  ///
  /// - Throws: `InputError` when a line is damaged, `FileError`.
  public func readMetrics() throws -> [EpochRecord] {
    guard has(metrics) else { return [] }
    let file = isComplete ? try RunFiles(self).open(metrics) : try MappedFile(path: metrics)
    let text = file.withBytes { String(decoding: $0, as: UTF8.self) }
    return try text.split(separator: "\n").map {
      try decodeJSON(EpochRecord.self, from: Data($0.utf8), file: metrics)
    }
  }
}
