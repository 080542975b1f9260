import Evaluation
import Extreme
import Foundation
public import Storage

extension RunFolder {
  /// The calibration of scores; exists only if the run was calibrated.
  public var calibration: String { path + "/calibration.json" }
}

extension TrainedModel {
  /// The number of top labels per text to consider.
  private static var calibrationDepth: Int { 100 }

  /// Fits probabilities and thresholds to the validation part, and stores them in the run's folder.
  ///
  /// - Returns: the calibration, and remarks on the data for the reader.
  /// - Throws: `InputError` if the run has no held-out validation part, if this is not its best
  ///   epoch's model, or if it is an ensemble or truncated, or if the part has too few documents;
  ///   `FileError`.
  public func calibrate(_ settings: RunCalibration.Settings = .init()) throws -> (
    calibration: RunCalibration, notes: [String]
  ) {
    guard record.hasUnseenValidation else {
      throw InputError(
        file: folder.path,
        reason:
          "this model was trained on the whole training part, so there is nothing left to calibrate on",
        expected:
          "a run trained with --patience, which holds out a validation part, or with a separate "
          + "--validation file")
    }
    try refuseUnlessCalibratable()
    let report = try evaluate(split: .validation)
    let scores = HeldOutScores(
      report.ranking, truth: report.truth, isKnown: report.isKnown)
    return (try calibrate(settings, to: scores), report.notes)
  }

  /// Throws if this model's scores are not those that its run's calibration is for.
  package func refuseUnlessCalibratable() throws {
    guard epoch == .best else {
      throw InputError(file: folder.path, reason: "only the best epoch's model can be calibrated")
    }
    guard others.isEmpty, adjustment == nil, wholeDimension == nil else {
      throw InputError(
        file: folder.path,
        reason: "an ensemble, adjusted scores or a truncated model cannot be calibrated",
        expected: "a single run with all dimensions")
    }
  }

  /// Fits probabilities and thresholds to held-out documents, and stores them in the run's folder.
  ///
  /// - Parameter cpuSeconds: the cost of the scores, for the record.
  /// - Throws: `InputError` if there are too few documents, or if the method does not suit them;
  ///   `FileError`.
  package func calibrate(
    _ settings: RunCalibration.Settings = .init(), to scores: HeldOutScores,
    cpuSeconds: Double? = nil
  ) throws -> RunCalibration {
    // Labels known by their texts alone take no part in it; see `FittedCalibration.trainedCount`.
    let held = try scores.known(labels: trainedCount)
    let (truth, count) = (held.truth, held.truth.rowCount)
    guard count >= 10 else {
      throw InputError(
        file: folder.path,
        reason: "\(counted(count, "held-out document")) with words that the model knows",
        expected: "at least 10")
    }
    let isSingle = try hasSingleLabels(truth)
    guard settings.method != .softmax || isSingle else {
      throw InputError(
        file: folder.path, reason: "some documents have no label or several of them",
        expected: "another --method; softmax is for exactly one label per document")
    }
    var settings = settings
    settings.method = settings.method ?? (isSingle ? .softmax : .platt)
    let fit = try CalibrationFit(settings, ranking: held.ranking, truth: truth)
    let (fitted, crossFitted) = try attributingErrors(to: folder.path) { try fit.run() }
    func named<Value>(_ values: [Int: Value]) -> [String: Value] {
      Dictionary(
        values.filter { $0.key < labelIDs.count }.map { (labelIDs[$0.key], $0.value) }
      ) { $1 }
    }
    let identity = FittedCalibration(
      shareWeight: 0, curve: .platt(line: PlattScaling(slope: 1, offset: 0)), lines: [:],
      thresholds: LabelThresholds(common: 0.5))
    let calibration = RunCalibration(
      settings: settings, shareWeight: fitted.shareWeight, curve: fitted.curve,
      priorStrength: fitted.priorStrength, lines: named(fitted.lines),
      threshold: fitted.thresholds.common, labelThresholds: named(fitted.thresholds.byLabel),
      limit: fitted.limit,
      depth: Self.calibrationDepth, epoch: record.keptEpoch, documents: count,
      crossFitted: crossFitted,
      uncalibrated: try identity.judge(
        fit.pairs, among: Array(0..<fit.pairs.documentCount), truth: fit.truth),
      learntDocuments: held.learntDocuments, cpuSeconds: cpuSeconds)
    let model = folder.name(of: folder.model)
    let sums = files.sum(of: folder.model).map { [model: $0] } ?? [:]
    try Sealed(calibration, files: sums).write(to: folder.calibration)
    return calibration
  }

  /// Whether every training document and every held-out one has exactly one label.
  ///
  /// - Parameter heldOut: the labels of the held-out documents.
  private func hasSingleLabels(_ heldOut: CSRMatrix) throws -> Bool {
    // Runs of older versions may have no counts.
    guard folder.has(folder.counts) else { return false }
    return try labelCounts().reduce(0, +) == record.documents
      && (0..<heldOut.rowCount).allSatisfy { heldOut.columns(ofRow: $0).count == 1 }
  }

  /// The run's calibration; nil if it has none for this epoch's model.
  ///
  /// - Throws: `InputError` if it is damaged or belongs to another model, `FileError`.
  public func calibration() throws -> RunCalibration? {
    // The scores of an ensemble or of fewer dimensions differ from the calibrated ones.
    guard others.isEmpty, adjustment == nil, wholeDimension == nil,
      epoch == .best || !record.validationIsHeldOut,
      folder.has(folder.calibration)
    else { return nil }
    let sealed = try Sealed<RunCalibration>(contentsOf: folder.calibration)
    let calibration = sealed.value
    let known = Set(labelIDs)
    let isOwn =
      calibration.lines.keys.allSatisfy(known.contains)
      && calibration.labelThresholds.keys.allSatisfy(known.contains)
    guard isOwn, calibration.epoch == record.keptEpoch, calibration.depth >= 1,
      calibration.curve.isUsable,
      sealed.seal.map({ $0.files[folder.name(of: folder.model)] == files.sum(of: folder.model) })
        ?? true
    else {
      throw InputError(
        file: folder.calibration, reason: "this is not the calibration of this model",
        expected: "one that decant calibrate made; run it again")
    }
    return calibration
  }

  /// Evaluates a calibration's probabilities and decisions on the ranking of an evaluation.
  public func judge(_ report: EvaluationReport, by calibration: RunCalibration) throws
    -> RunCalibration.Quality
  {
    let known = report.isKnown.indices.filter { report.isKnown[$0] }
    guard !known.isEmpty else {
      throw InputError(
        file: folder.path, reason: "the model knows no word of these documents",
        expected: "documents like those of the training")
    }
    return try fitted(calibration).judge(
      ScoredPairs(report.ranking, truth: report.truth), among: known, truth: report.truth,
      unrestricted: report.unrestrictedPairs())
  }

  /// The labels that a calibration assigns to the documents of an evaluation, `[documents, labels]`.
  public func assign(_ report: EvaluationReport, by calibration: RunCalibration) throws -> CSRMatrix
  {
    let known = report.isKnown.indices.filter { report.isKnown[$0] }
    return try fitted(calibration).decide(
      ScoredPairs(report.ranking, truth: report.truth), among: known, truth: report.truth,
      unrestricted: report.unrestrictedPairs()
    ).rows
  }

  /// The selection of a text's labels.
  public enum LabelChoice: Hashable, Sendable {
    /// The most probable ones.
    case likeliest(Int)
    /// Those with at least this probability.
    case atLeast(Double)
    /// Those that reach the calibration's thresholds.
    case tuned
  }

  /// The labels of each text with their probabilities, most probable first.
  ///
  /// A text in which the model recognises nothing gets none: calibration excludes such texts, and their
  /// scores only reflect label frequencies.
  ///
  /// - Throws: `InputError` if the model was trained on features instead of texts.
  public func predict(
    _ texts: [String], by calibration: RunCalibration, choosing choice: LabelChoice
  ) throws -> [Prediction] {
    let fitted = fitted(calibration)
    let numbers = try NameIndex(labelIDs, of: "label", file: folder.labels)
    func pairs(_ prediction: Prediction) throws -> ScoredPairs {
      try ScoredPairs(
        offsets: [0, prediction.labels.count],
        labels: prediction.labels.map { Int32(numbers[$0.id] ?? 0) },
        scores: prediction.labels.map(\.score),
        truth: CSRMatrix(rows: [[]], columnCount: labelIDs.count))
    }
    let predictions = try predict(texts, k: calibration.depth)
    // Probabilities depend on the scores of all trained labels, also of those that are not ranked.
    var trained = self
    trained.candidates =
      labelIDs.count > trainedCount ? labelIDs.indices.map { $0 < trainedCount } : nil
    let whole =
      candidates == nil && trained.candidates == nil
      ? predictions : try trained.predict(texts, k: calibration.depth)
    return try zip(predictions, whole).map { prediction, unrestricted in
      var answer = prediction
      answer.labels = []
      guard prediction.isKnown else { return answer }
      let own = try pairs(prediction)
      let labels = own.labels
      let probabilities = fitted.probabilities(of: own, among: try pairs(unrestricted))
      let order = labels.indices.sorted { (-probabilities[$0], $0) < (-probabilities[$1], $1) }
      let chosen =
        switch choice {
        case .likeliest(let count): Array(order.prefix(count))
        case .atLeast(let threshold): order.filter { probabilities[$0] >= threshold }
        case .tuned:
          Array(
            order.prefix(fitted.limit ?? order.count).filter {
              probabilities[$0] >= fitted.thresholds[Int(labels[$0])]
            })
        }
      answer.labels = chosen.map { index in
        var label = prediction.labels[index]
        label.probability = probabilities[index]
        return label
      }
      return answer
    }
  }

  private func fitted(_ calibration: RunCalibration) -> FittedCalibration {
    func numbered<Value>(_ values: [String: Value]) -> [Int: Value] {
      Dictionary(
        labelIDs.enumerated().compactMap { index, id in values[id].map { (index, $0) } }
      ) { $1 }
    }
    var result = FittedCalibration(
      shareWeight: calibration.shareWeight, curve: calibration.curve,
      lines: numbered(calibration.lines),
      thresholds: LabelThresholds(
        common: calibration.threshold, byLabel: numbered(calibration.labelThresholds)),
      limit: calibration.limit)
    result.trainedCount = trainedCount
    return result
  }
}

extension FittedCalibration {
  /// The quality of probabilities and decisions, if only the documents in `known` get any.
  fileprivate func judge(
    _ pairs: ScoredPairs, among known: [Int], truth: CSRMatrix, unrestricted: ScoredPairs? = nil
  ) throws -> RunCalibration.Quality {
    let decided = try decide(pairs, among: known, truth: truth, unrestricted: unrestricted)
    return try RunCalibration.Quality(
      pairs: decided.pairs, probabilities: decided.probabilities, decisions: decided.rows,
      truth: truth)
  }

  /// The probabilities of the documents in `known`, and the labels that all documents are assigned.
  ///
  /// - Parameter unrestricted: the best pairs if `pairs` leaves out some labels.
  fileprivate func decide(
    _ pairs: ScoredPairs, among known: [Int], truth: CSRMatrix, unrestricted: ScoredPairs?
  ) throws -> (pairs: ScoredPairs, probabilities: [Double], rows: CSRMatrix) {
    let seen = pairs.selecting(documents: known, truth: truth)
    let probabilities = probabilities(
      of: seen, among: unrestricted?.selecting(documents: known, truth: truth))
    let decided = decisions(on: seen, probabilities: probabilities)
    var rows = [[Int]](repeating: [], count: truth.rowCount)
    for (place, document) in known.enumerated() {
      rows[document] = decided.columns(ofRow: place).map(Int.init)
    }
    return (seen, probabilities, CSRMatrix(rows: rows, columnCount: decided.columnCount))
  }
}

extension RunCalibration.Curve {
  /// Whether a curve from a file is valid.
  fileprivate var isUsable: Bool {
    switch self {
    case .temperature(let scaling): scaling.temperature > 0
    case .softmax(let scaling): scaling.temperature > 0
    case .platt: true
    case .isotonic(let steps):
      !steps.scores.isEmpty && steps.scores.count == steps.probabilities.count
        && steps.probabilities.allSatisfy { 0...1 ~= $0 }
        && zip(steps.scores, steps.scores.dropFirst()).allSatisfy { $0 < $1 }
    }
  }
}
