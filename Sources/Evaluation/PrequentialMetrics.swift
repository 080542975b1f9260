import Foundation

/// Quality of a stream's predictions, over the whole stream and over its recent part.
///
/// Each document is predicted before it is learnt from, so that every document is a test. The
/// recent part is an exponentially faded sum: a document k documents ago has weight αᵏ. With TP,
/// FP, FN counted over labels and documents, Y the true and Z the predicted labels of one document:
///
///     micro F1   = 2 TP / (2 TP + FP + FN)          counted over all labels
///     macro F1   = the mean of the same over labels that were true or predicted at least once
///     example F1 = mean of 2 |Y ∩ Z| / (|Y| + |Z|), 1 if both are empty
///     subset     = share of documents with Y = Z
///     Hamming    = mean of |Y △ Z| / L
///     fading     : Sₜ = xₜ + α Sₜ₋₁
///
/// - Paper: Gama, Sebastião, Rodrigues. On evaluating stream learning algorithms. Machine Learning
///   90, 2013, section 3. <https://doi.org/10.1007/s10994-012-5320-9>
/// - Gradient: none; it only measures.
/// - Units: shares in 0 … 1.
/// - Departures: the paper fades the mean loss; here F-measures are computed from faded counts.
/// - Degenerate: before the first document all are 0; an F1 without any true or predicted label is
///   0.
public struct PrequentialMetrics: Sendable {
  /// Metrics over a part of the stream.
  public struct Values: Codable, Hashable, Sendable {
    /// F1 over all (document, label) pairs.
    public var microF1: Double
    /// Mean F1 over labels.
    public var macroF1: Double
    /// Mean F1 over documents.
    public var exampleF1: Double
    /// Share of documents with exactly the right labels.
    public var subsetAccuracy: Double
    /// Share of wrong (document, label) pairs.
    public var hammingLoss: Double
  }

  private struct Sums {
    var right = 0.0
    var wrong = 0.0
    var missed = 0.0

    var f1: Double {
      let mentions = 2 * right + wrong + missed
      return mentions > 0 ? 2 * right / mentions : 0
    }

    mutating func scale(by factor: Double) {
      right *= factor
      wrong *= factor
      missed *= factor
    }
  }

  private struct Part {
    let fading: Double
    var weight = 0.0
    var all = Sums()
    var exampleF1 = 0.0
    var exact = 0.0
    var hamming = 0.0
    var labels: [Sums]
    /// When each label's sums were last updated.
    var times: [Int]

    init(labelCount: Int, fading: Double) {
      self.fading = fading
      labels = Array(repeating: Sums(), count: labelCount)
      times = Array(repeating: 0, count: labelCount)
    }

    mutating func add(_ outcomes: [(label: Int, Outcome)], f1: Double, at time: Int) {
      weight = fading * weight + 1
      all.scale(by: fading)
      var errors = 0
      for (label, outcome) in outcomes {
        labels[label].scale(by: pow(fading, Double(time - times[label])))
        times[label] = time
        switch outcome {
        case .right:
          all.right += 1
          labels[label].right += 1
        case .wrong:
          all.wrong += 1
          labels[label].wrong += 1
          errors += 1
        case .missed:
          all.missed += 1
          labels[label].missed += 1
          errors += 1
        }
      }
      exampleF1 = fading * exampleF1 + f1
      exact = fading * exact + (errors == 0 ? 1 : 0)
      hamming = fading * hamming + Double(errors) / Double(max(1, labels.count))
    }

    var values: Values {
      // All sums of a label fade by the same factor, which cancels in its F1.
      let seen = labels.filter { $0.right + $0.wrong + $0.missed > 0 }
      let scale = 1 / max(weight, .leastNormalMagnitude)
      return Values(
        microF1: all.f1,
        macroF1: seen.isEmpty ? 0 : seen.reduce(0) { $0 + $1.f1 } / Double(seen.count),
        exampleF1: exampleF1 * scale, subsetAccuracy: exact * scale, hammingLoss: hamming * scale)
    }
  }

  private enum Outcome { case right, wrong, missed }

  /// The number of documents so far.
  public private(set) var count = 0
  private var whole: Part
  private var recent: Part

  /// Creates empty metrics.
  ///
  /// - Parameters:
  ///   - labelCount: L.
  ///   - fading: α; default 0.999, ours, which covers about the last thousand documents.
  /// - Precondition: 0 < `fading` ≤ 1.
  public init(labelCount: Int, fading: Double = 0.999) {
    precondition(fading > 0 && fading <= 1, "the fading factor \(fading) is outside 0 … 1")
    whole = Part(labelCount: labelCount, fading: 1)
    recent = Part(labelCount: labelCount, fading: fading)
  }

  /// Metrics over all documents.
  public var overall: Values { whole.values }
  /// Metrics over recent documents.
  public var faded: Values { recent.values }

  /// Adds a document.
  ///
  /// - Parameters:
  ///   - predicted: ascending labels below L.
  ///   - actual: ascending labels below L.
  /// - Complexity: O(|Y| + |Z|).
  public mutating func add(predicted: [Int32], actual: [Int32]) {
    count += 1
    var outcomes: [(label: Int, Outcome)] = []
    var right = 0
    var (z, y) = (0, 0)
    while z < predicted.count || y < actual.count {
      if y == actual.count || (z < predicted.count && predicted[z] < actual[y]) {
        outcomes.append((Int(predicted[z]), .wrong))
        z += 1
      } else if z == predicted.count || actual[y] < predicted[z] {
        outcomes.append((Int(actual[y]), .missed))
        y += 1
      } else {
        outcomes.append((Int(actual[y]), .right))
        right += 1
        z += 1
        y += 1
      }
    }
    let mentions = predicted.count + actual.count
    let f1 = mentions == 0 ? 1 : 2 * Double(right) / Double(mentions)
    whole.add(outcomes, f1: f1, at: count)
    recent.add(outcomes, f1: f1, at: count)
  }
}
