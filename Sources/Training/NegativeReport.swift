import Extreme
import Foundation
import Storage

/// The composition of the label pools of some steps.
struct PoolStatistics {
  private(set) var count = 0
  private(set) var labels = 0
  private(set) var positives = 0
  private(set) var hard = 0

  mutating func add(_ pool: LabelPool) {
    count += 1
    labels += pool.labels.count
    positives += pool.positiveCount
    hard += pool.hardCount
  }
}

/// A report on a search for hard negatives, for people.
struct NegativeReport {
  private let lines: [String]

  /// - Parameters:
  ///   - previous: the result of the previous search.
  ///   - highestPositives: the score of each document's best positive; −∞ without one.
  ///   - recall: the share of the exact search's result that was found, if the search is
  ///     approximate.
  init(
    _ found: HardNegativeSearch.Result, previous: CSRMatrix?, positives: CSRMatrix,
    highestPositives: [Double], recall: Double?, cpuSeconds: Double, pools: PoolStatistics
  ) {
    let mined = found.negatives
    let labelCount = Double(max(mined.columnCount, 1))
    let counts = mined.columnCounts()
    let known = positives.columnCounts()
    let different = counts.count { $0 > 0 }
    let somebodys = zip(counts, known).reduce(0) { $0 + ($1.0 > 0 && $1.1 > 0 ? 1 : 0) }
    var gaps: [Double] = []
    var above = [Int](repeating: 0, count: 3)
    for row in 0..<mined.rowCount where highestPositives[row] > -.infinity {
      let own = mined.entries(ofRow: row).map {
        Double(mined.values?[$0] ?? 0) - highestPositives[row]
      }
      gaps += own
      let violators = own.count { $0 > 0 }
      above[violators == 0 ? 0 : violators == own.count ? 2 : 1] += 1
    }
    gaps.sort()
    func percent(_ part: Int, of whole: Int) -> String {
      String(format: "%.1f %%", 100 * Double(part) / Double(max(whole, 1)))
    }
    func quantile(_ q: Double) -> String {
      gaps.isEmpty ? "–" : String(format: "%.2f", gaps[Int(q * Double(gaps.count - 1))])
    }
    var lines = [
      String(
        format: "hard negatives: %.1f per document, %d labels (%.1f %% of all, ",
        Double(mined.entryCount) / Double(max(mined.rowCount, 1)), different,
        100 * Double(different) / labelCount)
        + "\(percent(somebodys, of: different)) of them positive for some document); "
        + String(format: "%.1f s CPU", cpuSeconds),
      "  score minus the best positive's: \(quantile(0.1)) / \(quantile(0.5)) / "
        + "\(quantile(0.9)) (10, 50, 90 %); above it: none for \(percent(above[0], of: above.reduce(0, +)))"
        + " of the documents, some for \(percent(above[1], of: above.reduce(0, +))), all for "
        + percent(above[2], of: above.reduce(0, +)),
    ]
    var rest = [
      "left out as false negatives: \(found.removed) (\(percent(found.removed, of: found.scored)))"
    ]
    if let recall { rest.append(String(format: "recall of the search: %.1f %%", 100 * recall)) }
    if let previous {
      rest.append(
        String(format: "new since the last search: %.1f %%", 100 * (1 - previous.share(of: mined))))
    }
    lines.append("  " + rest.joined(separator: "; "))
    if pools.count > 0 {
      lines.append(
        "  pools so far: \(pools.labels / pools.count) labels per step, "
          + "\(percent(pools.positives, of: pools.labels)) a positive of the batch, "
          + "\(percent(pools.hard, of: pools.labels)) hard negatives")
    }
    self.lines = lines
  }

  /// The report, a few lines long.
  var text: String { lines.joined(separator: "\n") }
}
