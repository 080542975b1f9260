import Contrastive
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct FeatureTransformationTests {
  private struct Case: Decodable {
    let granularity: FeatureTransformation.Granularity
    let isNormalized: Bool
    let queries: [[Double]]
    let keys: [[Double]]
    let negatives: [[Double]]
    let extrapolations: [[Double]]
    let interpolations: [[Double]]
    let partners: [Int]
    let hardQueries: [[Double]]
    let hardKeys: [[Double]]
    let mixed: [[Double]]
    let ofQueries: [[Double]]
  }

  @Test func `value and gradient agree with PyTorch`() throws {
    let golden = try Golden<Case>("FeatureTransformation")
    #expect(golden.cases.count == 4)
    for found in golden.cases {
      let leaves = [found.queries, found.keys, found.negatives].map {
        Tensor(rows: $0).requiringGradient()
      }
      let made = try FeatureTransformation(
        granularity: found.granularity, isNormalized: found.isNormalized)(
          queries: leaves[0], keys: leaves[1], negatives: leaves[2],
          draw: .init(
            extrapolations: found.extrapolations, interpolations: found.interpolations,
            partners: found.partners))
      expectClose(made.queries, Tensor(rows: found.hardQueries), tolerance: 1e-12, "queries")
      expectClose(made.keys, Tensor(rows: found.hardKeys), tolerance: 1e-12, "keys")
      expectClose(made.negatives, Tensor(rows: found.mixed), tolerance: 1e-12, "negatives")
      let own = (made.queries * made.keys).sum(along: 1, keepingDimensions: true)
      let scores = Tensor.concatenated(
        [own, made.queries.matmul(made.negatives.transposed())], along: 1)
      let value = scores.crossEntropy(
        ofClasses: Tensor([Int](repeating: 0, count: found.queries.count)))
      let slopes = try gradients(of: value, withRespectTo: leaves)
      expectClose(slopes[0], Tensor(rows: found.ofQueries), tolerance: 1e-11, "gradient")
      #expect(slopes[1] == nil && slopes[2] == nil)
    }
  }

  @Test(arguments: [FeatureTransformation.Granularity.row, .batch])
  func `positive scores fall as in the paper`(granularity: FeatureTransformation.Granularity) throws
  {
    var random = SplitMix64(7)
    let transformation = FeatureTransformation(granularity: granularity)
    let rows = Tensor(random.doubles(30), shape: [2, 5, 3]).normalized()
    let (q, k) = (rows[0], rows[1])
    let draw = transformation.draw(queries: 5, negatives: 2, width: 3, using: &random)
    let made = try transformation(queries: q, keys: k, negatives: q[0..<2], draw: draw)
    let before = (q * k).sum(along: 1).doubles()
    let expected = before.indices.map { row in
      let lambda = draw.extrapolations[granularity == .row ? row : 0][0]
      return before[row] - 2 * lambda * (lambda - 1) * (1 - before[row])
    }
    expectClose((made.queries * made.keys).sum(along: 1).doubles(), expected, tolerance: 1e-12)
    #expect(zip(expected, before).allSatisfy { $0 < $1 })
    #expect(draw.extrapolations.count == (granularity == .row ? 5 : 1))
  }

  @Test func `normalizes on request`() throws {
    var random = SplitMix64(7)
    let transformation = FeatureTransformation(granularity: .element, isNormalized: true)
    let rows = Tensor(random.doubles(30), shape: [2, 5, 3]).normalized()
    let draw = transformation.draw(queries: 5, negatives: 0, width: 3, using: &random)
    let made = try transformation(
      queries: rows[0], keys: rows[1], negatives: .zeros([0, 3], dtype: .float64), draw: draw)
    for side in [made.queries, made.keys] {
      expectClose(side.norm(along: 1).doubles(), [1, 1, 1, 1, 1], tolerance: 1e-12)
    }
  }

  @Test(arguments: [0.5, 1, 1.6, 2, 30])
  func `coefficients follow the beta distribution`(concentration: Double) {
    var random = SplitMix64(8)
    let transformation = FeatureTransformation(
      extrapolation: concentration, interpolation: concentration, granularity: .element)
    let draw = transformation.draw(queries: 60, negatives: 60, width: 100, using: &random)
    // Beta(α, α) has the mean ½ and the variance 1 / (4 (2 α + 1)).
    for (rows, mean) in [(draw.extrapolations, 1.5), (draw.interpolations, 0.5)] {
      let numbers = rows.flatMap { $0 }
      let deviations = numbers.map { ($0 - mean) * ($0 - mean) }
      #expect(numbers.allSatisfy { $0 >= mean - 0.5 && $0 <= mean + 0.5 })
      expectClose(numbers.reduce(0, +) / 6000, mean, tolerance: 0.02)
      let variance = 1 / (4 * (2 * concentration + 1))
      #expect(abs(deviations.reduce(0, +) / 6000 / variance - 1) < 0.06)
    }
    #expect(draw.partners.sorted() == Array(0..<60))
    var again = SplitMix64(8)
    #expect(transformation.draw(queries: 60, negatives: 60, width: 100, using: &again) == draw)
  }
}
