import Evaluation
import Extreme
import Models
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ScorerTests {
  @Test(arguments: [1.0, 0.25])
  func `ranks by inner product plus bias`(temperature: Double) throws {
    var random = SplitMix64(4)
    let (documents, labels, features, width) = (40, 23, 11, 5)
    let encoder = BagEncoder(
      .init(dimension: width), featureCount: features, generator: Generator(seed: 1))
    let vectors = Tensor(random.doubles(labels * width), shape: [labels, width])
      .converted(to: .float32)
    let bias = Tensor(random.doubles(labels)).converted(to: .float32)
    let bags = CSRMatrix(
      rows: (0..<documents).map { _ in
        (0..<3).map { _ in Int.random(in: 0..<features, using: &random) }
      }, columnCount: features)
    let ranking = try Scorer(
      encoder: encoder, labels: vectors, bias: bias, temperature: temperature
    ).topK(6, of: bags)

    let table = encoder.table.weight.detached().doubles()
    for document in 0..<documents {
      var scores = bias.doubles()
      for label in 0..<labels {
        for d in 0..<width {
          let sum = bags.columns(ofRow: document).reduce(0) { $0 + table[Int($1) * width + d] }
          scores[label] += sum * vectors[label].doubles()[d] / temperature
        }
      }
      let best = scores.indices.sorted { (-scores[$0], $0) < (-scores[$1], $1) }.prefix(6)
      #expect(ranking.labels(ofRow: document).map(Int.init) == Array(best))
      expectClose(
        ranking.scores(ofRow: document).map(Double.init), best.map { scores[$0] }, tolerance: 1e-5)
    }
  }

  @Test func `never ranks excluded labels in any block`() throws {
    // 1,024 documents are scored at a time: exclusions must follow their rows into the next block.
    let (documents, labels) = (1030, 5)
    let encoder = BagEncoder(
      .init(dimension: 1), featureCount: 1, generator: Generator(seed: 1))
    let scorer = Scorer(
      encoder: encoder, labels: Tensor.zeros([labels, 1]), bias: nil, temperature: 1)
    let excluded = CSRMatrix(
      rows: (0..<documents).map { $0 % 3 == 0 ? [] : [1, $0 % 2] }, columnCount: labels)
    let ranking = try scorer.topK(
      2, of: CSRMatrix(rows: [[Int]](repeating: [0], count: documents), columnCount: 1),
      excluding: excluded)
    for document in 0..<documents {
      // All scores are equal: the first labels that are left are ranked.
      let expected: [Int32] =
        document % 3 == 0 ? [0, 1] : document % 2 == 0 ? [2, 3] : [0, 2]
      #expect(Array(ranking.labels(ofRow: document)) == expected, "\(document)")
    }
  }

  @Test func `few labels give short rows`() throws {
    let encoder = BagEncoder(
      .init(dimension: 2), featureCount: 3, generator: Generator(seed: 1))
    let ranking = try Scorer(
      encoder: encoder, labels: Tensor.zeros([4, 2]), bias: nil, temperature: 1
    ).topK(100, of: CSRMatrix(rows: [[0], []], columnCount: 3))
    // All scores are equal: the order is that of the labels.
    #expect(Array(ranking.labels(ofRow: 0)) == [0, 1, 2, 3])
    #expect(Array(ranking.labels(ofRow: 1)) == [0, 1, 2, 3])
  }
}
