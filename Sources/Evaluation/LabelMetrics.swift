public import Storage

/// The quality of the decisions on one label, and of its ranking over documents.
///
/// Precision, recall and F1 are those of the decisions. With n positives of the label, and rᵢ the rank
/// of positive i among the documents by descending score of this label:
///
///     AP = (1 / n) Σᵢ |{positives ranked at or above i}| / rᵢ
///
/// Documents in whose ranking the label is missing come last and count nothing. Documents with equal
/// scores share the last of their ranks. All values are percentages; 0 / 0 is 0.
public struct LabelMetrics: Hashable, Sendable {
  /// The documents with the label.
  public var positives = 0
  /// The documents with the label that are assigned it.
  public var truePositives = 0
  /// The documents without the label that are assigned it.
  public var falsePositives = 0
  /// AP, in percent.
  public var averagePrecision = 0.0

  /// In percent.
  public var precision: Double { Self.percent(truePositives, of: truePositives + falsePositives) }
  /// In percent.
  public var recall: Double { Self.percent(truePositives, of: positives) }
  /// In percent.
  public var f1: Double {
    Self.percent(2 * truePositives, of: positives + truePositives + falsePositives)
  }

  private static func percent(_ a: Int, of b: Int) -> Double {
    b > 0 ? 100 * Double(a) / Double(b) : 0
  }

  /// The metrics of every label.
  ///
  /// - Parameters:
  ///   - ranking: the best labels of each document with their scores.
  ///   - decisions: returns the labels that are assigned to a document.
  ///   - truth: `[documents, labels]`.
  /// - Returns: one value per column of `truth`.
  /// - Complexity: O(entries log entries) time, O(entries + labels) memory.
  public static func all<Labels: Sequence<Int32>>(
    ranking: TopK, decisions: (Int) -> Labels, truth: CSRMatrix
  ) -> [LabelMetrics] {
    var result = [LabelMetrics](repeating: LabelMetrics(), count: truth.columnCount)
    var scored = [[(score: Float, isRight: Bool)]](repeating: [], count: truth.columnCount)
    for row in 0..<truth.rowCount {
      let right = Set(truth.columns(ofRow: row))
      for label in right { result[Int(label)].positives += 1 }
      for label in Set(decisions(row)) {
        if right.contains(label) {
          result[Int(label)].truePositives += 1
        } else {
          result[Int(label)].falsePositives += 1
        }
      }
      for (label, score) in zip(ranking.labels(ofRow: row), ranking.scores(ofRow: row)) {
        scored[Int(label)].append((score, right.contains(label)))
      }
    }
    for label in result.indices where result[label].positives > 0 {
      result[label].averagePrecision = averagePrecision(
        scored[label], positives: result[label].positives)
    }
    return result
  }

  private static func averagePrecision(
    _ scored: [(score: Float, isRight: Bool)], positives: Int
  ) -> Double {
    let sorted = scored.sorted { $0.score > $1.score }
    var (sum, hits, position) = (0.0, 0, 0)
    while position < sorted.count {
      var (end, new) = (position, 0)
      while end < sorted.count, sorted[end].score == sorted[position].score {
        if sorted[end].isRight { new += 1 }
        end += 1
      }
      hits += new
      sum += Double(new) * Double(hits) / Double(end)
      position = end
    }
    return 100 * sum / Double(positives)
  }
}
