import Evaluation
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SimilarityHistogramTests {
  @Test func `counts every pair once in its bin`() throws {
    // Cosines: 1 of the first two, 0 and 0 with the third, −1, −1, 0 with the fourth.
    let rows = Tensor(rows: [[1.0, 0], [2, 0], [0, 3], [-1, 0]])
    let histogram = try SimilarityHistogram(of: rows, classes: [0, 0, 1, 0], binCount: 4)
    #expect(histogram.positives == [2, 0, 0, 1])
    #expect(histogram.negatives == [0, 0, 3, 0])
    expectClose(histogram.positiveMean, -1.0 / 3)
    expectClose(histogram.negativeMean, 0)
    #expect(histogram.overlap == 0)
  }

  @Test func `equal histograms overlap completely`() throws {
    var histogram = SimilarityHistogram(binCount: 10)
    for value in [-1.5, 0.3, 0.31, 1.0] {
      histogram.add(value, isPositive: true)
      histogram.add(value, isPositive: false)
    }
    expectClose(histogram.overlap, 1)
    #expect(histogram.positives == [1, 0, 0, 0, 0, 0, 2, 0, 0, 1])
    expectClose(histogram.positiveMean, (-1 + 0.3 + 0.31 + 1) / 4)
    histogram.add(0.9, isPositive: true)
    expectClose(histogram.overlap, 1.0 / 5 + 2.0 / 5 + 1.0 / 4)
  }

  @Test func `agrees with loops`() throws {
    var random = SplitMix64(6)
    let rows = (0..<20).map { _ in random.doubles(3) }
    let classes = (0..<20).map { _ in random.below(3) }
    var expected = SimilarityHistogram()
    for i in rows.indices {
      for j in rows.indices where j > i {
        let products = [(i, j), (i, i), (j, j)].map { a, b in
          zip(rows[a], rows[b]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let cosine = products[0] / (products[1] * products[2]).squareRoot()
        expected.add(cosine, isPositive: classes[i] == classes[j])
      }
    }
    let found = try SimilarityHistogram(of: Tensor(rows: rows), classes: classes)
    #expect(found.positives == expected.positives && found.negatives == expected.negatives)
    expectClose(found.positiveMean, expected.positiveMean)
    #expect(found.positiveCount + found.negativeCount == 190)
  }

  @Test func `a single row gives an empty histogram`() throws {
    let one = try SimilarityHistogram(of: .ones([1, 2]), classes: [0])
    #expect(one.positiveCount == 0 && one.overlap == 0)
    #expect(throws: ValueError.self) { try SimilarityHistogram(of: .ones([1, 2]), classes: []) }
  }
}
