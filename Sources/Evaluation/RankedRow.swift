import Foundation
import Storage

/// One row's predictions compared with its true labels, summed up to every rank.
///
/// Each `…Up(to)` array has `depth + 1` entries: entry k is the sum over the first k ranks.
struct RankedRow {
  private let depth: Int
  /// w of each label.
  private let weights: [Double]
  /// Σ 1 / log₂(r + 1) over r ≤ k.
  private let discounts: [Double]
  /// For each label the last row that has it: 2 · row, or 2 · row + 1 once it was predicted.
  private var marks: [Int]
  private var row = 0

  /// The distinct true labels.
  private(set) var truth: [Int32] = []
  /// The true labels that were predicted, with their ranks counted from 0, best first.
  private(set) var hits: [(rank: Int, label: Int32)] = []
  /// The distinct predicted labels with their ranks counted from 0.
  private(set) var predicted: [(rank: Int, label: Int32)] = []
  private var hitsUpTo: [Double]
  private var gainUpTo: [Double]
  private var weightUpTo: [Double]
  private var weightedGainUpTo: [Double]
  private var bestWeightUpTo: [Double]
  private var bestWeightedGainUpTo: [Double]

  init(depth: Int, weights: [Double]) {
    self.depth = depth
    self.weights = weights
    marks = [Int](repeating: 0, count: weights.count)
    let zeros = [Double](repeating: 0, count: depth + 1)
    var discounts = zeros
    for rank in 0..<depth { discounts[rank + 1] = discounts[rank] + 1 / log2(Double(rank + 2)) }
    self.discounts = discounts
    (hitsUpTo, gainUpTo, weightUpTo, weightedGainUpTo) = (zeros, zeros, zeros, zeros)
    (bestWeightUpTo, bestWeightedGainUpTo) = (zeros, zeros)
  }

  /// Replaces the contents with those of the next row.
  mutating func compare(_ labels: ArraySlice<Int32>, with trueLabels: MappedArray<Int32>) {
    row += 1
    truth.removeAll(keepingCapacity: true)
    hits.removeAll(keepingCapacity: true)
    predicted.removeAll(keepingCapacity: true)
    for label in trueLabels where marks[Int(label)] != 2 * row {
      marks[Int(label)] = 2 * row
      truth.append(label)
    }
    sumPredictions(labels)
    sumBest()
  }

  private mutating func sumPredictions(_ labels: ArraySlice<Int32>) {
    for rank in 0..<depth {
      var weight = 0.0
      var isHit = 0.0
      if rank < labels.count {
        let label = labels[labels.startIndex + rank]
        if marks[Int(label)] == 2 * row {
          hits.append((rank, label))
          isHit = 1
          weight = weights[Int(label)]
        }
        if marks[Int(label)] != 2 * row + 1 { predicted.append((rank, label)) }
        marks[Int(label)] = 2 * row + 1
      }
      let discount = discounts[rank + 1] - discounts[rank]
      hitsUpTo[rank + 1] = hitsUpTo[rank] + isHit
      gainUpTo[rank + 1] = gainUpTo[rank] + isHit * discount
      weightUpTo[rank + 1] = weightUpTo[rank] + weight
      weightedGainUpTo[rank + 1] = weightedGainUpTo[rank] + weight * discount
    }
  }

  /// The sums for the ranking that has the true labels by descending weight.
  private mutating func sumBest() {
    let best = truth.map { weights[Int($0)] }.sorted(by: >)
    for rank in 0..<depth {
      let weight = rank < best.count ? best[rank] : 0
      let discount = discounts[rank + 1] - discounts[rank]
      bestWeightUpTo[rank + 1] = bestWeightUpTo[rank] + weight
      bestWeightedGainUpTo[rank + 1] = bestWeightedGainUpTo[rank] + weight * discount
    }
  }

  /// This row's contribution to the mean of `metric`, and to the mean that divides it (else 1).
  ///
  /// - Returns: nil for macro metrics, which are not means over rows.
  func contribution(to metric: RankingMetric) -> (value: Double, best: Double)? {
    let k = metric.cutoff
    let ideal = discounts[min(k, truth.count)]
    switch metric.kind {
    case .precision: return (hitsUpTo[k] / Double(k), 1)
    case .recall: return (hitsUpTo[k] / Double(truth.count), 1)
    case .discountedGain: return (gainUpTo[k] / ideal, 1)
    case .reciprocalRank:
      guard let first = hits.first, first.rank < k else { return (0, 1) }
      return (1 / Double(first.rank + 1), 1)
    case .scoredPrecision: return (weightUpTo[k] / Double(k), bestWeightUpTo[k] / Double(k))
    case .scoredDiscountedGain:
      return (weightedGainUpTo[k] / ideal, bestWeightedGainUpTo[k] / ideal)
    case .macroPrecision, .macroRecall, .macroF1: return nil
    }
  }
}
