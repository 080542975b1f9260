public import Torch

/// The distributions of the cosines of positive and of negative pairs.
///
/// They show early how training affects embeddings: the two histograms move apart, or the
/// positives' concentrates at 1 and nothing is left to learn from.
public struct SimilarityHistogram: Codable, Hashable, Sendable {
  /// The number of positive pairs in each bin; the bins divide −1 to 1 into equal parts.
  public private(set) var positives: [Int]
  /// The number of negative pairs in each bin.
  public private(set) var negatives: [Int]
  /// The mean cosine of positive pairs; 0 if there are none.
  public private(set) var positiveMean = 0.0
  /// The mean cosine of negative pairs; 0 if there are none.
  public private(set) var negativeMean = 0.0

  /// Creates a histogram without pairs.
  ///
  /// - Precondition: there is at least one bin.
  public init(binCount: Int = 40) {
    precondition(binCount >= 1, "\(binCount) bins")
    positives = [Int](repeating: 0, count: binCount)
    negatives = positives
  }

  /// Counts all pairs of `embeddings`, `[N, D]`; pairs of the same class are positive.
  ///
  /// - Throws: `ValueError` when lists differ in length or embeddings are not finite.
  /// - Complexity: O(N² D) time, O(N D) memory.
  public init(of embeddings: Tensor, classes: [Int], binCount: Int = 40) throws {
    self.init(binCount: binCount)
    _ = try ClassIndex(classes, of: embeddings)
    withoutGradients {
      let unit = embeddings.normalized()
      let count = classes.count
      let blockSize = max(1, 4_000_000 / count)
      for start in stride(from: 0, to: count, by: blockSize) {
        let rows = start..<min(count, start + blockSize)
        let cosines = unit[rows].matmul(unit.transposed()).converted(to: .float64)
        cosines.contiguous().withUnsafeBytes { bytes in
          let values = bytes.bindMemory(to: Double.self)
          for row in rows {
            for other in (row + 1)..<count {
              add(
                values[(row - start) * count + other], isPositive: classes[row] == classes[other])
            }
          }
        }
      }
    }
  }

  /// Counts a pair.
  ///
  /// - Parameter cosine: values beyond −1 or 1, due to rounding, are clamped.
  public mutating func add(_ cosine: Double, isPositive: Bool) {
    let held = min(1, max(-1, cosine))
    let bin = min(positives.count - 1, Int((held + 1) / 2 * Double(positives.count)))
    if isPositive {
      positives[bin] += 1
      positiveCount += 1
      positiveMean += (held - positiveMean) / Double(positiveCount)
    } else {
      negatives[bin] += 1
      negativeCount += 1
      negativeMean += (held - negativeMean) / Double(negativeCount)
    }
  }

  /// The number of positive pairs.
  public private(set) var positiveCount = 0
  /// The number of negative pairs.
  public private(set) var negativeCount = 0

  /// The overlap of the two histograms, from 0, if they are well separated, to 1.
  public var overlap: Double {
    guard positiveCount > 0, negativeCount > 0 else { return 0 }
    return zip(positives, negatives).reduce(0) {
      $0 + min(Double($1.0) / Double(positiveCount), Double($1.1) / Double(negativeCount))
    }
  }
}
