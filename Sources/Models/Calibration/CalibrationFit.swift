package import Evaluation
import Extreme
import Foundation
package import Storage

/// Selects and fits a calibration on documents that the model was not trained on.
///
/// The weight of a text's other scores and the strength of the per-label prior are chosen by
/// five-fold log loss. A fold is a run of consecutive documents, because similar documents are
/// often adjacent in the data.
package struct CalibrationFit {
  let settings: RunCalibration.Settings
  private let method: RunCalibration.Method
  let pairs: ScoredPairs
  let truth: CSRMatrix
  private let folds: [Fold]

  /// Candidate strengths of the per-label prior; the smallest loss decides, and no per-label lines
  /// at all is a candidate too.
  private static let strengths = [1.0, 3, 10, 30, 100]
  private static let foldCount = 5
  /// Candidate values of ω.
  private static let shareWeights = [0, 0.2, 0.4, 0.6, 0.8, 1]

  private struct Fold {
    var documents: [Int]
    var known: ScoredPairs
    var judged: ScoredPairs
  }

  package init(_ settings: RunCalibration.Settings, ranking: TopK, truth: CSRMatrix) throws {
    self.settings = settings
    method = settings.method ?? .platt
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

  /// The calibration fitted to all documents, and its cross-fitted quality.
  package func run() throws -> (fitted: FittedCalibration, crossFitted: RunCalibration.Quality) {
    let (shareWeight, curves) = try bestShareWeight()
    let (strength, best) = try bestStrength(curves)
    var fitted = try FittedCalibration(method, shareWeight: shareWeight, fitting: pairs)
    if let strength { fitted = try fitted.fittingLines(to: pairs, strength: strength) }
    let quality = try quality(of: best)
    return (try fitted.choosingDecisions(settings, on: pairs), quality)
  }

  /// Fits once per fold, and computes the log loss over all folds.
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
    // A temperature needs scores with a meaningful sign, which shares do not have, and a softmax
    // subtracts the other scores itself.
    for weight in [.temperature, .softmax].contains(method) ? [0] : Self.shareWeights {
      let (fits, loss) = try crossFit {
        try FittedCalibration(method, shareWeight: weight, fitting: $1)
      }
      if loss < best?.loss ?? .infinity { best = (weight, fits, loss) }
    }
    guard let best else {
      throw ValueError("scores", reason: "no curve has a finite loss")
    }
    return (best.weight, best.fits)
  }

  /// The best prior strength and the fits with it; nil and the curves alone if lines are disabled
  /// or do not help.
  private func bestStrength(_ curves: [FittedCalibration]) throws -> (Double?, [FittedCalibration])
  {
    // With a line for each label, probabilities would not add up to 1.
    guard settings.isPerLabel, method != .softmax else { return (nil, curves) }
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
      let chosen = try fit.choosingDecisions(settings, on: fold.known)
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
