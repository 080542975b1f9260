import Contrastive
import TestSupport
import Testing
import Torch

@Suite struct DynamicBadPairMiningTests {
  private struct Case: Decodable {
    let epochs: Int
    let warmUp: Int
    let cut: Double
    let losses: [[Double]]
    let weights: [[Double]]
  }

  @Test func `agrees with loss histories in NumPy`() throws {
    let golden = try Golden<Case>("DynamicBadPairMining")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      let count = found.losses[0].count
      var mining = DynamicBadPairMining(
        pairCount: count, epochs: found.epochs, warmUp: found.warmUp, noisyCut: found.cut,
        faultyCut: found.cut)
      for (losses, weights) in zip(found.losses, found.weights) {
        // Two batches, the second half first.
        for pairs in [Array(count / 2..<count), Array(0..<count / 2)] {
          let given = try mining.weights(
            losses: Tensor(pairs.map { losses[$0] }), of: pairs)
          expectClose(given.doubles(), pairs.map { weights[$0] }, tolerance: 1e-12)
        }
        mining.finishEpoch()
      }
    }
  }

  @Test func `outlier pairs weigh less`() throws {
    var mining = DynamicBadPairMining(pairCount: 20, epochs: 4, warmUp: 2)
    var losses = (0..<20).map { 2 + Double($0 % 5) * 0.1 }
    losses[3] = 9
    let all = Array(0..<20)
    for epoch in 0..<3 {
      let weights = try mining.weights(losses: Tensor(losses).requiringGradient(), of: all)
      #expect(!weights.requiresGradient)
      let expected = epoch < 2 ? all : all.filter { $0 != 3 }
      #expect(expected.allSatisfy { weights.doubles()[$0] == 1 })
      if epoch == 2 { #expect(weights.doubles()[3] < 0.1) }
      mining.finishEpoch()
      #expect(mining.badPairs == (epoch < 1 ? [] : [3]))
    }
  }

  @Test func `pairs without history or spread weigh 1`() throws {
    var mining = DynamicBadPairMining(pairCount: 3, epochs: 2, warmUp: 0)
    mining.finishEpoch()
    #expect(mining.badPairs.isEmpty)
    _ = try mining.weights(losses: Tensor([1.0, 1]), of: [0, 1])
    mining.finishEpoch()
    expectClose(try mining.weights(losses: Tensor([5.0]), of: [2]).doubles(), [1], tolerance: 0)
  }
}
