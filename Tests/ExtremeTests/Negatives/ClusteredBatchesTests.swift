import Extreme
import Foundation
import Storage
import TestSupport
import Testing
import Torch

@Suite struct ClusteredBatchesTests {
  private struct Case: Decodable {
    struct Epoch: Decodable {
      let joined: Int
      let order: [Int]
    }
    let seed: UInt64
    let batchSize: Int
    let doubling: Int?
    let leaves: [[Int]]
    let leafSize: Int
    let epochs: [Epoch]
  }

  @Test func `agrees with Python lists`() throws {
    let golden = try Golden<Case>("ClusteredBatches")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      let batches = ClusteredBatches(
        batchSize: found.batchSize, epochsPerDoubling: found.doubling)
      let count = found.leaves.reduce(0) { $0 + $1.count }
      let leaves = CSRMatrix(rows: found.leaves, columnCount: count)
      for (number, epoch) in found.epochs.enumerated() {
        var random = SplitMix64(found.seed, UInt64(number))
        #expect(
          batches.leavesOfACluster(inEpoch: number, leafSize: found.leafSize) == epoch.joined)
        #expect(batches.order(leaves, epoch: number, using: &random) == epoch.order)
      }
    }
  }

  @Test func `clusters double up to the batch size`() {
    let batches = ClusteredBatches(batchSize: 128, epochsPerDoubling: 2)
    #expect(
      (0..<12).map { batches.leavesOfACluster(inEpoch: $0, leafSize: 10) }
        == [1, 1, 2, 2, 4, 4, 8, 8, 8, 8, 8, 8])
    #expect(batches.leavesOfACluster(inEpoch: 1_000_000, leafSize: 1) == 128)
    #expect(batches.leavesOfACluster(inEpoch: 9, leafSize: 200) == 1)
    #expect(
      ClusteredBatches(batchSize: 128, epochsPerDoubling: nil)
        .leavesOfACluster(inEpoch: 9, leafSize: 1) == 1)
  }

  @Test(arguments: 0..<10) func `yields every document once per epoch`(epoch: Int) throws {
    var random = SplitMix64(1, UInt64(epoch))
    let points = Tensor(random.doubles(3 * 211), shape: [211, 3])
    let leaves = try BalancedClusters(points, size: 3).matrix
    let batches = ClusteredBatches(batchSize: 32)
    let order = batches.order(leaves, epoch: epoch, using: &random)
    #expect(order.sorted() == Array(0..<211))
    var again = SplitMix64(7)
    #expect(batches.order(leaves, epoch: epoch, using: &again) != order)
  }
}
