import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct MomentumQueueTests {
  private struct Case: Decodable {
    let capacity: Int
    let batches: [[[Double]]]
    let contents: [[[Double]]]
  }

  /// The rows in a different order.
  private static func sorted(_ rows: [[Double]]) -> [Double] {
    Array(rows.sorted { $0[0] < $1[0] }.joined())
  }

  @Test func `holds the latest keys like a deque`() throws {
    let golden = try Golden<Case>("MomentumQueue")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      let queue = MomentumQueue(capacity: found.capacity, width: 3, dtype: .float64)
      for (batch, contents) in zip(found.batches, found.contents) {
        try queue.append(Tensor(rows: batch))
        #expect(queue.count == contents.count)
        let held = (0..<queue.count).map { queue.keys[$0].doubles() }
        expectClose(Self.sorted(held), Self.sorted(contents), tolerance: 1e-12)
      }
    }
  }

  @Test func `starts empty and detaches its keys`() throws {
    let queue = MomentumQueue(capacity: 3, width: 2)
    #expect(queue.keys.shape == [0, 2])
    let keys = Tensor(rows: [[1.0, 1]]).requiringGradient()
    try queue.append(keys)
    #expect(!queue.keys.requiresGradient && queue.keys.dtype == .float32)
  }

  @Test func `the key encoder follows by momentum`() throws {
    let (first, second) = (Tensor(rows: [[1.0, 2], [3, 4]]), Tensor(rows: [[5.0, 6], [7, 8]]))
    let slow = Linear(weight: first, bias: Tensor([0.0, 1]))
    let fast = Linear(weight: second, bias: Tensor([2.0, 3]))
    try MomentumQueue.follow(momentum: 0.75, keyEncoder: slow, queryEncoder: fast)
    expectClose(slow.weight.doubles(), [2, 3, 4, 5], tolerance: 1e-12)
    expectClose(slow.bias?.doubles() ?? [], [0.5, 1.5], tolerance: 1e-12)
    expectClose(fast.weight.doubles(), [5, 6, 7, 8], tolerance: 0)
    #expect(slow.weight.requiresGradient)
  }

  @Test func `detects changed keys in the backward pass`() throws {
    let queue = MomentumQueue(capacity: 2, width: 2, dtype: .float64)
    try queue.append(Tensor(rows: [[1.0, 0], [0, 1]]))
    let query = Tensor(rows: [[1.0, 2]]).requiringGradient()
    let value = query.matmul(queue.keys.transposed()).squared().sum()
    try queue.append(Tensor(rows: [[1.0, 1]]))
    #expect(throws: TorchError.self) { try gradients(of: value, withRespectTo: [query]) }
  }

  @Test func `traps on keys of another width`() async {
    await #expect(processExitsWith: .failure) {
      try MomentumQueue(capacity: 2, width: 2).append(.ones([1, 3]))
    }
  }
}
