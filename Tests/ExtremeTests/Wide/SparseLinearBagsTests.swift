import Extreme
import Storage
import TestSupport
import Testing
import Torch

@Suite struct SparseLinearBagsTests {
  /// Features 1 and 3 of five have pairs.
  private let model = SparseLinear(
    pattern: CSRMatrix(rows: [[], [0, 2], [], [1], []], columnCount: 3),
    weights: Tensor([0.5, -1, 2] as [Float]))

  @Test func `drops features without pairs`() {
    let bags = CSRMatrix(
      rowOffsets: MappedArray([0, 3, 3, 5, 8]), columns: MappedArray([3, 0, 1, 2, 4, 1, 1, 4]),
      values: MappedArray([1, 2, 3, 4, 5, 6, 7, 8]), columnCount: 5)
    let kept = model.featuresWithPairs(bags)
    let expected = CSRMatrix(
      rowOffsets: MappedArray([0, 2, 2, 2, 4]), columns: MappedArray([3, 1, 1, 1]),
      values: MappedArray([1, 3, 6, 7]), columnCount: 5)
    #expect(kept == expected)
    #expect(model(kept).matrix().isIdentical(to: model(bags).matrix()))
    #expect(model(bags).matrix().doubles() == [1.5, 2, -3, 0, 0, 0, 0, 0, 0, 6.5, 0, -13])
  }

  @Test func `bags without values stay without values`() {
    let kept = model.featuresWithPairs(
      CSRMatrix(rows: [[0, 1], [], [4], [3, 2, 1]], columnCount: 5))
    #expect(kept == CSRMatrix(rows: [[1], [], [], [3, 1]], columnCount: 5))
  }

  @Test func `handles no bags and no pairs`() {
    #expect(model.featuresWithPairs(CSRMatrix(rows: [], columnCount: 5)).rowCount == 0)
    let empty = SparseLinear(
      pattern: CSRMatrix(rows: [[], []], columnCount: 3), weights: .zeros([0]))
    let scores = empty(CSRMatrix(rows: [[0, 1], [1]], columnCount: 2))
    #expect(scores.matrix().doubles() == [0, 0, 0, 0, 0, 0])
    scores.accumulate(gradient: .ones([2, 3]), labels: 0..<3, scale: 1)
    SparseLinearAdagrad(empty, learningRate: 1).step(scores)
    #expect(empty.weights.elementCount == 0)
  }
}
