import Evaluation
import Extreme
import Foundation
import Storage

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
  ///   epoch's model or an ensemble, or if the part has too few documents; `FileError`.
  public func calibrate(_ settings: RunCalibration.Settings = .init()) throws -> (
    calibration: RunCalibration, notes: [String]
  ) {
    guard record.validationIsHeldOut else {
      throw InputError(
        file: folder.path,
        reason:
          "this model was trained on the whole training part, so there is nothing left to calibrate on",
        expected: "a run trained with --patience, which holds out a validation part")
    }
    guard epoch == .best else {
      throw InputError(file: folder.path, reason: "only the best epoch's model can be calibrated")
    }
    guard others.isEmpty, adjustment == nil else {
      throw InputError(
        file: folder.path, reason: "an ensemble or adjusted scores cannot be calibrated",
        expected: "a single run")
    }
    let report = try evaluate(split: .validation)
    // A text in which the model recognises nothing gets no probability, so it must not influence the fit.
    let known = report.isKnown.indices.filter { report.isKnown[$0] }
    guard known.count >= 10 else {
      throw InputError(
        file: folder.path,
        reason: "the validation part has \(known.count) documents with words that the model knows",
        expected: "at least 10")
    }
    let fit = try CalibrationFit(
      settings, ranking: report.ranking.selecting(rows: known),
      truth: report.truth.selecting(rows: known))
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
      depth: Self.calibrationDepth, epoch: record.keptEpoch, documents: known.count,
      crossFitted: crossFitted,
      uncalibrated: try identity.judge(
        fit.pairs, among: Array(0..<fit.pairs.documentCount), truth: fit.truth))
    let model = folder.name(of: folder.model)
    let sums = files.sum(of: folder.model).map { [model: $0] } ?? [:]
    try Sealed(calibration, files: sums).write(to: folder.calibration)
    return (calibration, report.notes)
  }

  /// The run's calibration; nil if it has none for this epoch's model.
  ///
  /// - Throws: `InputError` if it is damaged or belongs to another model, `FileError`.
  public func calibration() throws -> RunCalibration? {
    // An ensemble's scores differ from the calibrated ones.
    guard others.isEmpty, adjustment == nil, epoch == .best || !record.validationIsHeldOut,
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
      ScoredPairs(report.ranking, truth: report.truth), among: known, truth: report.truth)
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
    return try predict(texts, k: calibration.depth).map { prediction in
      var answer = prediction
      answer.labels = []
      guard prediction.isKnown else { return answer }
      let labels = prediction.labels.map { Int32(numbers[$0.id] ?? 0) }
      let pairs = try ScoredPairs(
        offsets: [0, labels.count], labels: labels, scores: prediction.labels.map(\.score),
        truth: CSRMatrix(rows: [[]], columnCount: labelIDs.count))
      let probabilities = fitted.probabilities(of: pairs)
      let order = labels.indices.sorted { (-probabilities[$0], $0) < (-probabilities[$1], $1) }
      let chosen =
        switch choice {
        case .likeliest(let count): Array(order.prefix(count))
        case .atLeast(let threshold): order.filter { probabilities[$0] >= threshold }
        case .tuned: order.filter { probabilities[$0] >= fitted.thresholds[Int(labels[$0])] }
        }
      answer.labels = chosen.map {
        .init(
          id: prediction.labels[$0].id, score: prediction.labels[$0].score,
          probability: probabilities[$0])
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
    return FittedCalibration(
      shareWeight: calibration.shareWeight, curve: calibration.curve,
      lines: numbered(calibration.lines),
      thresholds: LabelThresholds(
        common: calibration.threshold, byLabel: numbered(calibration.labelThresholds)))
  }
}

extension FittedCalibration {
  /// The quality of probabilities and decisions, if only the documents in `known` get any.
  fileprivate func judge(
    _ pairs: ScoredPairs, among known: [Int], truth: CSRMatrix
  ) throws -> RunCalibration.Quality {
    let seen = pairs.selecting(documents: known, truth: truth)
    let probabilities = probabilities(of: seen)
    let decided = decisions(on: seen, probabilities: probabilities)
    var rows = [[Int]](repeating: [], count: truth.rowCount)
    for (place, document) in known.enumerated() {
      rows[document] = decided.columns(ofRow: place).map(Int.init)
    }
    return try RunCalibration.Quality(
      pairs: seen, probabilities: probabilities,
      decisions: CSRMatrix(rows: rows, columnCount: decided.columnCount), truth: truth)
  }

}

extension TopK {
  /// The rows with these indices, in that order.
  fileprivate func selecting(rows: [Int]) throws -> TopK {
    guard rows.count < rowCount else { return self }
    var result = TopK(k: k)
    for row in rows {
      try result.append(labels: Array(labels(ofRow: row)), scores: Array(scores(ofRow: row)))
    }
    return result
  }
}

extension RunCalibration.Curve {
  /// Whether a curve from a file is valid.
  fileprivate var isUsable: Bool {
    switch self {
    case .temperature(let scaling): scaling.temperature > 0
    case .platt: true
    case .isotonic(let steps):
      !steps.scores.isEmpty && steps.scores.count == steps.probabilities.count
        && steps.probabilities.allSatisfy { 0...1 ~= $0 }
        && zip(steps.scores, steps.scores.dropFirst()).allSatisfy { $0 < $1 }
    }
  }
}
