import Contrastive
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct NearestNeighbourQueueTests {
  private struct Case: Decodable {
    let capacity: Int
    let batches: [[[Double]]]
    let asked: [[Double]]
    let neighbours: [[[Double]]]
  }

  @Test func `finds the nearest of the latest rows`() throws {
    let golden = try Golden<Case>("NearestNeighbourQueue")
    #expect(golden.cases.count == 3)
    for found in golden.cases {
      let queue = NearestNeighbourQueue(capacity: found.capacity, width: 3, dtype: .float64)
      for (batch, neighbours) in zip(found.batches, found.neighbours) {
        try queue.append(Tensor(rows: batch))
        expectClose(
          try queue.nearest(to: Tensor(rows: found.asked)), Tensor(rows: neighbours),
          tolerance: 1e-12)
      }
    }
  }

  @Test func `finds the nearest in every block`() throws {
    let queue = NearestNeighbourQueue(capacity: 3000, width: 4, dtype: .float64)
    let rows = Tensor.normal([2500, 4], generator: Generator(seed: 3), dtype: .float64)
    try queue.append(rows)
    let found = try queue.nearest(to: rows.gathered(rows: Tensor([0, 1023, 1024, 2400])))
    expectClose(
      found, rows.normalized().gathered(rows: Tensor([0, 1023, 1024, 2400])), tolerance: 1e-12)
  }

  @Test func `an empty queue returns the query itself`() throws {
    let queue = NearestNeighbourQueue(capacity: 3, width: 2, dtype: .float64)
    let asked = Tensor(rows: [[3.0, 4]]).requiringGradient()
    let found = try queue.nearest(to: asked)
    expectClose(found.doubles(), [0.6, 0.8], tolerance: 1e-12)
    #expect(!found.requiresGradient && queue.count == 0)
  }

  @Test func `returned neighbours survive later appends`() throws {
    let queue = NearestNeighbourQueue(capacity: 1, width: 2, dtype: .float64)
    try queue.append(Tensor(rows: [[1.0, 0]]))
    let found = try queue.nearest(to: Tensor(rows: [[1.0, 1]]))
    try queue.append(Tensor(rows: [[0.0, 1]]))
    expectClose(found.doubles(), [1, 0], tolerance: 0)
  }
}
