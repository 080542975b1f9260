import Datasets
import Evaluation
import Foundation
public import Models
import Storage
import Torch

/// A finished run as an HTML page: its training, its quality and its errors.
///
/// The page is a single file without scripts or network access. It contains no creation time, so
/// that the same run gives the same bytes.
public struct RunReport {
  let model: TrainedModel
  /// One record per epoch.
  let history: [EpochRecord]
  /// The documents that the run was evaluated on; nil if there are none.
  let judged: JudgedDocuments?
  /// Why there are no evaluated documents.
  package let reason: String?
  /// Remarks that a reader of the numbers should know.
  public let notes: [String]
  let quality: CalibrationPart
  let map: EmbeddingMap?

  /// The calibration to show.
  enum CalibrationPart {
    /// The calibration, evaluated on the report's documents.
    case judged(RunCalibration.Quality, RunCalibration)
    /// The run can be calibrated.
    case possible
    /// The run has no held-out documents.
    case impossible
  }

  /// Evaluates a run and collects the page's content.
  ///
  /// - Parameters:
  ///   - split: the documents to evaluate on; nil means test, else validation, else none with the
  ///     reason on the page. For a single file that the model was not trained on, nil means all.
  ///     on the page. Of a single file that the model was not trained on nil is all.
  ///   - datasetPath: the data set; nil means the one trained on.
  ///   - mapSize: the maximum number of documents on the map.
  /// - Throws: `InputError` and `FileError` if a requested split or data set does not exist, or if
  ///   the run is damaged; `TorchError`.
  public init(
    _ model: TrainedModel, split: TrainedModel.SplitName? = nil, datasetPath: String? = nil,
    mapSize: Int = 2000
  ) throws {
    self.model = model
    history = try model.folder.readMetrics()
    // For an explicit data set, evaluation itself selects the split.
    let names: [TrainedModel.SplitName?] =
      split != nil || datasetPath != nil
      ? [split] : model.record.hasUnseenValidation ? [.test, .validation] : [.test]
    var found: JudgedDocuments?
    var refusal: String?
    for name in names where found == nil {
      do {
        found = try JudgedDocuments(model, split: name, datasetPath: datasetPath)
      } catch let error as InputError where split == nil && datasetPath == nil {
        refusal = refusal ?? "\(error)"
      } catch let error as ValueError where split == nil && datasetPath == nil {
        refusal = refusal ?? "\(error)"
      } catch let error as FileError where split == nil && datasetPath == nil {
        refusal = refusal ?? "\(error)"
      }
    }
    judged = found
    reason = found == nil ? refusal : nil
    notes = (model.record.warnings ?? []) + (found?.report.notes ?? [])
    if let calibration = try model.calibration(), let found {
      // The calibration was fitted to the validation part, so cross-fitted quality is used there.
      quality = .judged(
        found.report.split == TrainedModel.SplitName.validation.rawValue
          ? calibration.crossFitted : try model.judge(found.report, by: calibration),
        calibration)
    } else {
      quality = model.record.hasUnseenValidation ? .possible : .impossible
    }
    map = try found.map { judged in
      try Runtime.withThreads(model.threads) { try EmbeddingMap(model, judged, size: mapSize) }
    }
  }

  /// The complete page.
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
