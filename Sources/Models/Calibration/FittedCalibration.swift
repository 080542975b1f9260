import Evaluation
package import Extreme
import Foundation
import Storage

/// A calibration with labels by index, for fitting and applying.
package struct FittedCalibration {
  /// ω; see `RunCalibration`.
  var shareWeight: Double
  var curve: RunCalibration.Curve
  var priorStrength: Double?
  /// The lines of individual labels.
  var lines: [Int: PlattScaling] = [:]
  /// The probability thresholds for assigning labels.
  var thresholds = LabelThresholds(common: 0.5)
  /// The number of labels that the calibrated model was trained on, the first ones.
  ///
  /// Only their scores are normalised over, so that labels known by their texts alone do not change
  /// the probabilities of others. Such a label's own score is added to the sum for its own probability.
  var trainedCount = Int.max
  /// The most labels that a document is assigned; nil for no limit.
  var limit: Int?

  /// The minimum distance of the curve's probabilities from 0 and 1, where log-odds are infinite.
  private static let margin = 1e-6

  /// The probability of each pair.
  ///
  /// - Parameter all: the best pairs of the same documents if `pairs` leaves out some labels, so that
  ///   the probabilities of the others do not change; nil if it leaves out none.
  package func probabilities(of pairs: ScoredPairs, among all: ScoredPairs? = nil) -> [Double] {
    let all = all ?? pairs
    if case .softmax(let scaling) = curve {
      return (0..<pairs.documentCount).flatMap { document in
        let trained = all.scores(ofDocument: document, labelsBelow: trainedCount)
        let known = scaling(pairs.scores(ofDocument: document), among: trained)
        return zip(pairs.places(ofDocument: document), known).map { place, probability in
          pairs.labels[place] < trainedCount
            ? probability
            : scaling([pairs.scores[place]], among: trained + [pairs.scores[place]])[0]
        }
      }
    }
    let inputs = Self.inputs(
      of: pairs, among: all, shareWeight: shareWeight, trainedCount: trainedCount)
    return zip(pairs.labels, inputs).map { label, score in
      let probability = curve(score)
      guard let line = lines[Int(label)] else { return probability }
      return line(Self.logOdds(probability))
    }
  }

  /// The labels assigned to each document.
  func decisions(on pairs: ScoredPairs, probabilities: [Double]) -> CSRMatrix {
    let beyond = limit.map { Set(Self.places(beyond: $0, in: pairs, probabilities)) } ?? []
    let rows = (0..<pairs.documentCount).map { document in
      (pairs.offsets[document]..<pairs.offsets[document + 1]).filter {
        probabilities[$0] >= thresholds[Int(pairs.labels[$0])] && !beyond.contains($0)
      }.map { Int(pairs.labels[$0]) }
    }
    return CSRMatrix(rows: rows, columnCount: pairs.labelCounts.count)
  }

  private static func logOdds(_ probability: Double) -> Double {
    let held = min(max(probability, margin), 1 - margin)
    return log(held / (1 - held))
  }

  /// The curve's input for each pair.
  private static func inputs(
    of pairs: ScoredPairs, among all: ScoredPairs? = nil, shareWeight: Double,
    trainedCount: Int = .max
  ) -> [Double] {
    guard shareWeight != 0 else { return pairs.scores }
    var result = pairs.scores
    for document in 0..<pairs.documentCount {
      let scores = (all ?? pairs).scores(ofDocument: document, labelsBelow: trainedCount)
      guard let largest = scores.max() else { continue }
      let total = largest + log(scores.reduce(0) { $0 + exp($1 - largest) })
      for place in pairs.places(ofDocument: document) {
        let score = pairs.scores[place]
        let isTrained = pairs.labels[place] < trainedCount
        let top = max(total, score)
        result[place] -=
          shareWeight * (isTrained ? total : top + log(exp(total - top) + exp(score - top)))
      }
    }
    return result
  }

  /// Creates a calibration from a curve, without lines and with a threshold of one half.
  init(
    _ method: RunCalibration.Method, shareWeight: Double, fitting pairs: ScoredPairs
  ) throws {
    self.shareWeight = shareWeight
    let scores = Self.inputs(of: pairs, shareWeight: shareWeight)
    switch method {
    case .temperature:
      curve = .temperature(
        scaling: try TemperatureScaling(fitting: scores, outcomes: pairs.outcomes))
    case .platt:
      curve = .platt(line: try PlattScaling(fitting: scores, outcomes: pairs.outcomes))
    case .isotonic:
      curve = .isotonic(steps: try IsotonicCalibration(fitting: scores, outcomes: pairs.outcomes))
    case .softmax:
      curve = .softmax(scaling: try SoftmaxTemperature(fitting: pairs))
    }
  }

  /// Restores a stored calibration.
  init(
    shareWeight: Double, curve: RunCalibration.Curve, lines: [Int: PlattScaling],
    thresholds: LabelThresholds, limit: Int? = nil
  ) {
    self.limit = limit
    self.shareWeight = shareWeight
    self.curve = curve
    self.lines = lines
    self.thresholds = thresholds
  }

  /// The same with a fitted line for each label that has a score.
  func fittingLines(to pairs: ScoredPairs, strength: Double) throws -> FittedCalibration {
    var places = [[Int]](repeating: [], count: pairs.labelCounts.count)
    for (place, label) in pairs.labels.enumerated() { places[Int(label)].append(place) }
    let odds = Self.inputs(of: pairs, shareWeight: shareWeight).map { Self.logOdds(curve($0)) }
    let prior = PlattScaling.Prior(PlattScaling(slope: 1, offset: 0), strength: strength)
    var result = self
    result.priorStrength = strength
    for (label, own) in places.enumerated() where !own.isEmpty {
      result.lines[label] = try PlattScaling(
        fitting: own.map { odds[$0] }, outcomes: own.map { pairs.outcomes[$0] }, prior: prior)
    }
    return result
  }

  /// The same with the best thresholds for these pairs.
  func choosingThresholds(_ cut: SCut, on pairs: ScoredPairs) throws -> FittedCalibration {
    var scored = pairs
    scored.scores = probabilities(of: pairs)
    var result = self
    result.thresholds = try cut(scored)
    return result
  }
}

extension RunCalibration.Quality {
  /// Evaluates probabilities of pairs and the labels assigned from them.
  init(pairs: ScoredPairs, probabilities: [Double], decisions: CSRMatrix, truth: CSRMatrix) throws {
    self.decisions = try DecisionMetrics(decisions: decisions, truth: truth)
    self.pairs = try CalibrationError(probabilities: probabilities, outcomes: pairs.outcomes)
    let first = (0..<pairs.documentCount).compactMap { document -> Int? in
      (pairs.offsets[document]..<pairs.offsets[document + 1]).max {
        (probabilities[$0], -$0) < (probabilities[$1], -$1)
      }
    }
    firstLabels = try CalibrationError(
      probabilities: first.map { probabilities[$0] }, outcomes: first.map { pairs.outcomes[$0] })
  }
}

extension ScoredPairs {
  /// The scores of a document's pairs.
  fileprivate func scores(ofDocument document: Int) -> ArraySlice<Double> {
    scores[places(ofDocument: document)]
  }

  /// The indices of a document's pairs.
  fileprivate func places(ofDocument document: Int) -> Range<Int> {
    offsets[document]..<offsets[document + 1]
  }

  /// The scores of a document's pairs with the first labels.
  fileprivate func scores(ofDocument document: Int, labelsBelow count: Int) -> [Double] {
    places(ofDocument: document).filter { labels[$0] < count }.map { scores[$0] }
  }

  /// Creates the pairs of a ranking.
  init(_ ranking: TopK, truth: CSRMatrix) throws {
    try self.init(
      offsets: ranking.rowOffsets, labels: ranking.labels, scores: ranking.scores.map(Double.init),
      truth: truth)
  }
}
