import Evaluation
import Extreme

extension FittedCalibration {
  /// The largest number of labels per document that is tried.
  private static let largestLimit = 10

  /// The same with the decisions that suit the settings best on these pairs.
  func choosingDecisions(_ settings: RunCalibration.Settings, on pairs: ScoredPairs) throws
    -> FittedCalibration
  {
    switch settings.goal {
    case nil: return try choosingThresholds(settings.thresholds, on: pairs)
    case .precision(let least): return choosingPrecision(least, on: pairs)
    case .f1:
      var scored = pairs
      var best: (fit: FittedCalibration, f1: Double)?
      let probabilities = probabilities(of: pairs)
      let limits: [Int?] = [nil] + (1...Self.largestLimit).map { $0 }
      for limit in limits {
        scored.scores = probabilities
        // Pairs beyond the limit come after all others.
        if let limit {
          for place in Self.places(beyond: limit, in: pairs, probabilities) {
            scored.scores[place] = -1
          }
        }
        var fit = self
        fit.limit = limit
        fit.thresholds = try SCut(objective: .micro)(scored)
        let chosen = scored.scores.indices.filter {
          scored.scores[$0] >= max(fit.thresholds.common, 0)
        }
        let hits = chosen.count { pairs.outcomes[$0] }
        let all = chosen.count + pairs.trueCounts.reduce(0, +)
        let f1 = all > 0 ? 2 * Double(hits) / Double(all) : 0
        if f1 > best?.f1 ?? -1 { best = (fit, f1) }
      }
      return best?.fit ?? self
    }
  }

  /// The same with the lowest threshold from which at least this share of the assigned labels is right.
  private func choosingPrecision(_ least: Double, on pairs: ScoredPairs) -> FittedCalibration {
    let probabilities = probabilities(of: pairs)
    let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
    var threshold = Double.greatestFiniteMagnitude
    var hits = 0
    for (index, place) in order.enumerated() {
      hits += pairs.outcomes[place] ? 1 : 0
      let isLast = index + 1 == order.count
      // Equal probabilities are decided on together.
      guard isLast || probabilities[order[index + 1]] < probabilities[place],
        Double(hits) >= least * Double(index + 1)
      else { continue }
      let next = isLast ? 0 : probabilities[order[index + 1]]
      threshold = (probabilities[place] + next) / 2
    }
    var result = self
    result.thresholds = LabelThresholds(common: threshold)
    return result
  }

  /// The pairs of each document but those of its most probable labels.
  static func places(beyond limit: Int, in pairs: ScoredPairs, _ probabilities: [Double]) -> [Int] {
    (0..<pairs.documentCount).flatMap { document in
      (pairs.offsets[document]..<pairs.offsets[document + 1]).sorted {
        (-probabilities[$0], $0) < (-probabilities[$1], $1)
      }.dropFirst(limit)
    }
  }
}
