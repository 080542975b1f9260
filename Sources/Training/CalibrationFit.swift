import Evaluation
import Foundation
import Learning
import Torch

/// Chooses and fits a calibration on documents that the model does not know.
///
/// How much of the text's other scores counts and how close labels' lines stay to the curve are
/// chosen by the log loss of each fifth of the documents under what was fitted to the other four.
/// Fifths are neighbours in the data, where documents that resemble each other often stand side by
/// side.
struct CalibrationFit {
  let settings: RunCalibration.Settings
  let pairs: ScoredPairs
  let truth: CSRMatrix
  private let folds: [Fold]

  /// Strengths of the lines' prior that are tried; as the least loss decides, an empty line is one
  /// of the choices.
  private static let strengths = [1.0, 3, 10, 30, 100]
  private static let foldCount = 5
  /// ω that are tried.
  private static let shareWeights = [0, 0.2, 0.4, 0.6, 0.8, 1]

  private struct Fold {
    var documents: [Int]
    var known: ScoredPairs
    var judged: ScoredPairs
  }

  init(_ settings: RunCalibration.Settings, ranking: TopK, truth: CSRMatrix) throws {
    self.settings = settings
    self.truth = truth
    let pairs = try ScoredPairs(ranking, truth: truth)
    self.pairs = pairs
    let count = pairs.documentCount
    folds = (0..<Self.foldCount).map { fold in
      let own = (count * fold / Self.foldCount)..<(count * (fold + 1) / Self.foldCount)
      return Fold(
        documents: Array(own),
        known: pairs.selecting(documents: (0..<count).filter { !own.contains($0) }, truth: truth),
        judged: pairs.selecting(documents: Array(own), truth: truth))
    }
  }

  /// The calibration of all documents, and what a cross-fit says about it.
  func run() throws -> (fitted: FittedCalibration, crossFitted: RunCalibration.Quality) {
    let (shareWeight, curves) = try bestShareWeight()
    let (strength, best) = try bestStrength(curves)
    var fitted = try FittedCalibration(settings.method, shareWeight: shareWeight, fitting: pairs)
    if let strength { fitted = try fitted.fittingLines(to: pairs, strength: strength) }
    let quality = try quality(of: best)
    return (try fitted.choosingThresholds(settings.thresholds, on: pairs), quality)
  }

  /// One fit a fold, and the log loss of all of them together.
  private func crossFit(_ fit: (Int, ScoredPairs) throws -> FittedCalibration) throws -> (
    fits: [FittedCalibration], loss: Double
  ) {
    let fits = try folds.enumerated().map { try fit($0, $1.known) }
    let loss = try zip(fits, folds).reduce(0.0) { sum, pair in
      let (fit, fold) = pair
      let error = try CalibrationError(
        probabilities: fit.probabilities(of: fold.judged), outcomes: fold.judged.outcomes)
      return sum + error.logLoss * Double(fold.judged.scores.count)
    }
    return (fits, loss)
  }

  private func bestShareWeight() throws -> (Double, [FittedCalibration]) {
    var best: (weight: Double, fits: [FittedCalibration], loss: Double)?
    // A temperature needs scores whose sign means something, which shares do not have.
    for weight in settings.method == .temperature ? [0] : Self.shareWeights {
      let (fits, loss) = try crossFit {
        try FittedCalibration(settings.method, shareWeight: weight, fitting: $1)
      }
      if loss < best?.loss ?? .infinity { best = (weight, fits, loss) }
    }
    guard let best else {
      throw InputError(file: "scores", reason: "no curve has a finite loss")
    }
    return (best.weight, best.fits)
  }

  /// The strength of the prior and the fits with it; nil and the curves alone where lines are not
  /// wanted or do not help.
  private func bestStrength(_ curves: [FittedCalibration]) throws -> (Double?, [FittedCalibration])
  {
    guard settings.isPerLabel else { return (nil, curves) }
    var (strength, best, least) = (
      Double?.none, curves, try crossFit { index, _ in curves[index] }.loss
    )
    for candidate in Self.strengths {
      let (fits, loss) = try crossFit { try curves[$0].fittingLines(to: $1, strength: candidate) }
      if loss < least { (strength, best, least) = (candidate, fits, loss) }
    }
    return (strength, best)
  }

  private func quality(of fits: [FittedCalibration]) throws -> RunCalibration.Quality {
    var probabilities: [Double] = []
    var rows: [[Int]] = []
    for (fit, fold) in zip(fits, folds) {
      let chosen = try fit.choosingThresholds(settings.thresholds, on: fold.known)
      let own = chosen.probabilities(of: fold.judged)
      let decisions = chosen.decisions(on: fold.judged, probabilities: own)
      probabilities += own
      rows += (0..<decisions.rowCount).map { decisions.columns(ofRow: $0).map(Int.init) }
    }
    return try RunCalibration.Quality(
      pairs: pairs, probabilities: probabilities,
      decisions: CSRMatrix(rows: rows, columnCount: truth.columnCount), truth: truth)
  }
}
