import Torch

/// Chooses the score thresholds that maximise F1.
///
///     F1 = 2 true positives / (predicted + true)
///
/// averaged over labels (macro), over all decisions together (micro), or over documents (example).
/// Macro F1 uses one threshold per label, and for labels too rare to fit one, the common threshold
/// of all decisions together; micro and example F1 use a single threshold.
///
/// - Paper: Yang. A Study of Thresholding Strategies for Text Categorization. SIGIR 2001.
///   <https://doi.org/10.1145/383952.383975>
/// - Gradient: none; every distinct score is tried.
/// - Units: scores; a label is assigned at or above (≥) its threshold.
/// - Departures: the paper's rare labels ("FBR") get their highest score as threshold; here they
///   share one; set `rareF1` to add the paper's rule. A threshold is placed half-way to the next
///   score. Of equally good thresholds the highest is taken.
public struct SCut: Codable, Hashable, Sendable {
  /// The average of F1 to maximise.
  public enum Objective: String, Codable, CaseIterable, Sendable {
    /// The mean over labels.
    case macro
    /// Over all decisions together.
    case micro
    /// The mean over documents; 1 for a document that has no labels and gets none.
    case example
  }

  /// The objective to maximise.
  public var objective: Objective
  /// A label with fewer documents than this uses the common threshold; default 8, ours.
  public var minimumPositives: Int
  /// A label whose F1 stays below this gets its highest score as threshold; default 0, which
  /// disables it.
  public var rareF1: Double

  /// Creates a rule for an objective.
  public init(objective: Objective, minimumPositives: Int = 8, rareF1: Double = 0) {
    self.objective = objective
    self.minimumPositives = minimumPositives
    self.rareF1 = rareF1
  }

  /// Fits the thresholds.
  ///
  /// - Throws: `ValueError` if there are no pairs, or if a score is not finite.
  /// - Complexity: O(pairs · log pairs).
  public func callAsFunction(_ pairs: ScoredPairs) throws -> LabelThresholds {
    try checkScores(pairs.scores, pairs.outcomes)
    let order = pairs.scores.indices.sorted { pairs.scores[$0] > pairs.scores[$1] }
    guard objective != .example else {
      return LabelThresholds(common: Self.bestForDocuments(pairs, order: order))
    }
    let common = Self.best(
      order.lazy.map { (pairs.scores[$0], pairs.outcomes[$0]) },
      positives: pairs.trueCounts.reduce(0, +))
    var thresholds = LabelThresholds(common: common.threshold)
    guard objective == .macro else { return thresholds }
    var places = [[Int]](repeating: [], count: pairs.labelCounts.count)
    for place in order { places[Int(pairs.labels[place])].append(place) }
    for (label, own) in places.enumerated() {
      let positives = pairs.labelCounts[label]
      guard positives >= max(1, minimumPositives), let first = own.first else { continue }
      let found = Self.best(
        own.lazy.map { (pairs.scores[$0], pairs.outcomes[$0]) }, positives: positives)
      thresholds.byLabel[label] = found.f1 < rareF1 ? pairs.scores[first] : found.threshold
    }
    return thresholds
  }

  /// The best threshold of decisions that are evaluated together.
  ///
  /// - Parameter falling: scores and outcomes, in descending order of score.
  private static func best(
    _ falling: some RandomAccessCollection<(Double, Bool)>, positives: Int
  ) -> (threshold: Double, f1: Double) {
    var search = CutSearch()
    var hits = 0
    for (index, (score, outcome)) in falling.enumerated() {
      hits += outcome ? 1 : 0
      search.offer(score, value: 2 * Double(hits) / Double(index + 1 + positives))
    }
    return search.finish()
  }

  private static func bestForDocuments(_ pairs: ScoredPairs, order: [Int]) -> Double {
    var documents = [Int](repeating: 0, count: pairs.scores.count)
    for document in 0..<pairs.documentCount {
      for place in pairs.offsets[document]..<pairs.offsets[document + 1] {
        documents[place] = document
      }
    }
    var hits = [Int](repeating: 0, count: pairs.documentCount)
    var given = hits
    func f1(_ document: Int) -> Double {
      let all = given[document] + pairs.trueCounts[document]
      return all == 0 ? 1 : 2 * Double(hits[document]) / Double(all)
    }
    var sum = (0..<pairs.documentCount).reduce(0) { $0 + f1($1) }
    var search = CutSearch(valueOfNothing: sum)
    for place in order {
      let document = documents[place]
      sum -= f1(document)
      given[document] += 1
      hits[document] += pairs.outcomes[place] ? 1 : 0
      sum += f1(document)
      search.offer(pairs.scores[place], value: sum)
    }
    return search.finish().threshold
  }
}

/// The score thresholds above which labels are assigned.
public struct LabelThresholds: Hashable, Sendable {
  /// The threshold of labels without an individual one.
  public var common: Double
  /// The thresholds of individual labels.
  public var byLabel: [Int: Double]

  /// Creates thresholds.
  public init(common: Double, byLabel: [Int: Double] = [:]) {
    self.common = common
    self.byLabel = byLabel
  }

  /// The threshold of a label.
  public subscript(label: Int) -> Double { byLabel[label] ?? common }
}

/// Scans descending scores for the best cut.
private struct CutSearch {
  private var best: (threshold: Double, value: Double)
  /// The last score and the value of a cut there, which ties may still change.
  private var pending: (score: Double, value: Double)?

  init(valueOfNothing: Double = 0) { best = (.greatestFiniteMagnitude, valueOfNothing) }

  mutating func offer(_ score: Double, value: Double) {
    if let pending {
      if pending.score > score { close(pending, at: (pending.score + score) / 2) }
    } else {
      best.threshold = score.nextUp
    }
    pending = (score, value)
  }

  mutating func finish() -> (threshold: Double, f1: Double) {
    if let pending { close(pending, at: pending.score) }
    return (best.threshold, best.value)
  }

  private mutating func close(_ last: (score: Double, value: Double), at threshold: Double) {
    // Tolerance for rounding, in case the running sum returns to an earlier value.
    if last.value > best.value + 1e-10 * max(1, best.value) { best = (threshold, last.value) }
  }
}
