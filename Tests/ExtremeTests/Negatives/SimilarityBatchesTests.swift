import Extreme
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct SimilarityBatchesTests {
  private struct Case: Decodable {
    let seed: UInt64
    let batchSize: Int
    let neighbours: Int
    let range: Int
    let lists: [[Int]]
    let order: [Int]
  }

  @Test func `agrees with queues and sets in Python`() throws {
    let golden = try Golden<Case>("SimilarityBatches")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      var random = SplitMix64(found.seed)
      let sampler = SimilarityBatches(
        batchSize: found.batchSize, neighbours: found.neighbours, range: found.range)
      let lists = CSRMatrix(rows: found.lists, columnCount: found.lists.count)
      #expect(sampler.order(lists, using: &random) == found.order)
    }
  }

  @Test(arguments: 0..<20) func `yields every example once, never twice in a batch`(seed: UInt64) {
    var random = SplitMix64(seed, 5)
    let count = 1 + random.below(120)
    // Lists of any length, that name any example, their own too.
    let lists = (0..<count).map { _ in (0..<random.below(40)).map { _ in random.below(count) } }
    let sampler = SimilarityBatches(
      batchSize: 1 + random.below(16), neighbours: random.below(20), range: random.below(30))
    let order = sampler.order(CSRMatrix(rows: lists, columnCount: count), using: &random)
    #expect(order.sorted() == Array(0..<count))
  }

  @Test func `neighbours share a batch`() {
    var random = SplitMix64(6)
    // Groups of eight; the lists name the others of the group.
    let lists = (0..<64).map { own in (0..<8).map { own / 8 * 8 + $0 }.filter { $0 != own } }
    let sampler = SimilarityBatches(batchSize: 8, neighbours: 14, range: 7)
    let order = sampler.order(CSRMatrix(rows: lists, columnCount: 64), using: &random)
    for batch in 0..<8 {
      #expect(Set(order[(8 * batch)..<(8 * batch + 8)].map { $0 / 8 }).count == 1)
    }
  }
}
