import Evaluation
import Extreme
import Storage
import TestSupport
import Testing
import Torch

@testable import Models

/// Rankings by several processes, each with its part of the labels.
@Suite struct RanksTests {
  @Test(arguments: [7, 100, 1003, 5000])
  func `rankings of parts have the bits of the whole`(labelCount: Int) throws {
    let (features, documents) = (300, 70)
    var random = SplitMix64(4)
    func rows(_ count: Int, of columns: Int) -> [[Int]] {
      (0..<count).map { _ in
        Set((0..<5).map { _ in Int.random(in: 0..<columns, using: &random) }).sorted()
      }
    }
    let encoder = BagEncoder(
      .init(dimension: 48), featureCount: features, generator: Generator(seed: 1))
    let generator = Generator(seed: 2)
    let labels = Tensor.normal([labelCount, 48], generator: generator)
    let bias = Tensor.normal([labelCount], generator: generator)
    let pattern = CSRMatrix(rows: rows(features, of: labelCount), columnCount: labelCount)
    let weights = Tensor.normal([pattern.entryCount], generator: generator)
    @Sendable func scorer(_ held: Range<Int>) -> Scorer {
      Scorer(
        encoder: encoder, labels: labels[held], bias: bias[held],
        wide: SparseLinear(pattern: pattern, weights: weights).selecting(labels: held),
        temperature: 0.05)
    }
    let bags = CSRMatrix(rows: rows(documents, of: features), columnCount: features)
    let excluded = CSRMatrix(rows: rows(documents, of: labelCount), columnCount: labelCount)
    let candidates = (0..<labelCount).map { $0 % 5 != 1 }
    let whole = try Ranker([scorer(0..<labelCount)], candidates: candidates).topK(
      100, of: [ScorerInput(bags: bags)], excluding: excluded, threads: 1)
    // One label alone is not ranked by a process.
    for size in 1...min(4, labelCount / 2) {
      let rankings = try Ranks.run(size) { group in
        let held = LabelPart(rank: group.rank, size: size).labels(of: labelCount)
        return try Ranker(
          [scorer(held)], adjustment: nil, candidates: Array(candidates[held]),
          ranks: .init(group: group, labels: held, labelCount: labelCount)
        ).topK(100, of: [ScorerInput(bags: bags)], excluding: excluded, threads: 1)
      }
      for ranking in rankings {
        let isSame = ranking == whole
        #expect(isSame, "\(size)")
      }
    }
  }
}
